"""Coordinates in which critics see points: robustly scaled, or with marginals of a given law.

All are monotone in each coordinate, so that nothing about the ratio is lost, and are fitted, for each critic, to the
points that it is fitted on, the two samples not told apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

_NORMAL_QUARTILES = 1.349  # distance between the quartiles of a standard normal
_REFERENCE_POINTS = 1024  # of each sample, for medians and quartiles
_KNOTS = 1025  # of a marginal's distribution function
_LARGEST = 1e15  # standard units: squares stay within float32


class Coordinates(Protocol):
    """The points of one sample as each of R critics sees them."""

    def take(self, rows: Tensor) -> Tensor:
        """The points of given rows, shape (R, b), as coordinates (R, b, d)."""

    def of(self, critics: Tensor) -> Coordinates:
        """The same for some of the critics, by their numbers."""


@dataclass(frozen=True)
class Scale:
    """Centres and widths for each of R critics, shape (R, 1, d) both."""

    centre: Tensor
    width: Tensor

    def of(self, critics: Tensor) -> Scale:
        """Those of some of the critics, by their numbers."""
        return Scale(self.centre[critics], self.width[critics])


@dataclass(frozen=True)
class ScaledPoints:
    """Standard units with logarithmic tails, so that no outlier dominates; computed when they are taken.

    Attributes:
        points: shape (n, d).
        scale: of each critic.
        limit: where the tails begin, in standard units; inf for none.
    """

    points: Tensor
    scale: Scale
    limit: float

    def take(self, rows: Tensor) -> Tensor:
        """See `Coordinates`."""
        points = self.points.index_select(0, rows.flatten()).reshape(*rows.shape, -1)
        u = ((points - self.scale.centre) / self.scale.width).clamp(-_LARGEST, _LARGEST)
        if math.isinf(self.limit):
            return u
        beyond = (u.abs() - self.limit).clamp(min=0)
        return u.clamp(-self.limit, self.limit) + u.sign() * beyond.log1p()

    def of(self, critics: Tensor) -> ScaledPoints:
        """See `Coordinates`."""
        return replace(self, scale=self.scale.of(critics))


@dataclass(frozen=True)
class StoredPoints:
    """Coordinates that are computed once, since that costs more than to store them.

    Attributes:
        values: shape (R, n, d).
    """

    values: Tensor

    def take(self, rows: Tensor) -> Tensor:
        """See `Coordinates`."""
        critics, n, d = self.values.shape
        flat = rows + n * torch.arange(critics, device=rows.device)[:, None]
        return self.values.reshape(-1, d).index_select(0, flat.flatten()).reshape(*rows.shape, d)

    def of(self, critics: Tensor) -> StoredPoints:
        """See `Coordinates`."""
        return StoredPoints(self.values[critics])


def measure_scale(x: Tensor, y: Tensor, fitted_x: Tensor, fitted_y: Tensor) -> Scale:
    """Median and normal-consistent distance of the quartiles of both samples together; the deviation where they meet.

    Args:
        x: points of one sample, shape (n, d).
        y: points of the other, shape (m, d).
        fitted_x: rows that each critic is fitted on, shape (R, a).
        fitted_y: likewise, shape (R, b).
    """
    each = min(fitted_x.shape[1], fitted_y.shape[1], _REFERENCE_POINTS)
    points = torch.cat([x[fitted_x[:, :each]], y[fitted_y[:, :each]]], 1)
    ordered = points.sort(1).values
    low, median, high = (ordered[:, [int(share * (points.shape[1] - 1))]] for share in (0.25, 0.5, 0.75))
    width = (high - low) / _NORMAL_QUARTILES
    width = torch.where(width > 0, width, points.std(1, keepdim=True))
    return Scale(median, torch.where(width > 0, width, 1.0))


Quantile = Callable[[Tensor], Tensor]
"""From probabilities in (0, 1) to quantiles, elementwise, float64."""


def compute_normal_quantile(probability: Tensor) -> Tensor:
    """Of the standard normal law."""
    quantile: Tensor = torch.special.ndtri(probability)
    return quantile


def compute_heavy_quantile(probability: Tensor) -> Tensor:
    """Of Student's t with two degrees of freedom: (2p − 1)/√(2p(1 − p))."""
    deviation: Tensor = 2 * probability * (1 - probability)
    return (2 * probability - 1) / deviation.sqrt()


def map_marginals(
    x: Tensor, y: Tensor, fitted_x: Tensor, fitted_y: Tensor, quantile: Quantile
) -> tuple[StoredPoints, StoredPoints]:
    """Map every coordinate so that its law under the mean of both samples is a given one (van der Waerden scores).

    No marginal law is too strange after that: tails, edges and spikes of single coordinates are gone. The distribution
    function is that of the points that a critic is fitted on, linear between `_KNOTS` of them; what lies beyond
    the outermost is put there.

    Args:
        x: points of one sample, shape (n, d).
        y: points of the other, shape (m, d).
        fitted_x: rows that each critic is fitted on, shape (R, a).
        fitted_y: likewise, shape (R, b).
        quantile: of the law that marginals are to have.
    """
    sides: tuple[list[Tensor], list[Tensor]] = ([], [])
    for rows_x, rows_y in zip(fitted_x, fitted_y, strict=True):
        knots, scores = _place_knots(torch.cat([x[rows_x], y[rows_y]]), quantile)
        for points, side in zip((x, y), sides, strict=True):
            side.append(_interpolate(points, knots, scores))
    of_x, of_y = (StoredPoints(torch.stack(side)) for side in sides)
    return of_x, of_y


def _place_knots(points: Tensor, quantile: Quantile) -> tuple[Tensor, Tensor]:
    """Quantiles of the points (n, d), as (d, k), and the scores there, (k,)."""
    n = len(points)
    places = torch.linspace(0, n - 1, min(_KNOTS, n), device=points.device).round().long()
    scores = quantile((places.double() + 0.5) / n)
    return points.sort(0).values[places].T.contiguous(), scores.to(points)


def _interpolate(points: Tensor, knots: Tensor, scores: Tensor) -> Tensor:
    """Scores of points (n, d), linear between knots; of the middle of those knots that a value is equal to: (n, d)."""
    values = points.T.contiguous()
    last = len(scores) - 1
    first = torch.searchsorted(knots, values)
    above = first.clamp(1, last)
    low, high = knots.gather(1, above - 1), knots.gather(1, above)
    share = torch.where(high > low, (values - low) / (high - low), 0.5).clamp(0, 1)
    between = scores[above - 1].lerp(scores[above], share)
    at = first.clamp(max=last)
    last_equal = (torch.searchsorted(knots, knots, right=True) - 1).gather(1, at)
    at_knots = (scores[at] + scores[last_equal]) / 2
    return torch.where(knots.gather(1, at) == values, at_knots, between).T
