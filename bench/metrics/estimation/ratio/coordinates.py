"""Coordinates in which critics see points: robustly scaled, or with marginals of a given law.

All are monotone in each coordinate, so that nothing about the ratio is lost, and are fitted, for each critic, to the
points that it is fitted on, the two samples not told apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

_NORMAL_QUARTILES = 1.349  # distance between the quartiles of a standard normal
_REFERENCE_POINTS = 1024  # of each sample, for medians and quartiles
_KNOTS = 1025  # of a marginal's distribution function
_STORED_UP_TO = 2**25  # numbers
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
    """Coordinates that are computed once.

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


def store(points: ScaledPoints) -> Coordinates:
    """Scaled points in which every batch of a training takes some: computed once where they fit in memory."""
    critics, (n, d) = len(points.scale.centre), points.points.shape
    if critics * n * d > _STORED_UP_TO:
        return points
    return StoredPoints(points.take(torch.arange(n, device=points.points.device).expand(critics, n)))


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
    x: Tensor, y: Tensor, fitted_x: Tensor, fitted_y: Tensor, quantiles: Sequence[Quantile]
) -> list[tuple[StoredPoints, StoredPoints]]:
    """Map every coordinate so that its law under the mean of both samples is a given one (van der Waerden scores).

    Several laws at once cost little more than one: what takes time is to find each value's rank.

    No marginal law is too strange after that: tails, edges and spikes of single coordinates are gone. The distribution
    function is that of the points that a critic is fitted on, linear between `_KNOTS` of them; what lies beyond
    the outermost is put there.

    Args:
        x: points of one sample, shape (n, d).
        y: points of the other, shape (m, d).
        fitted_x: rows that each critic is fitted on, shape (R, a).
        fitted_y: likewise, shape (R, b).
        quantiles: of each law that marginals are to have.

    Returns:
        Coordinates of both samples for each law.
    """
    sides: list[tuple[list[Tensor], list[Tensor]]] = [([], []) for _ in quantiles]
    for rows_x, rows_y in zip(fitted_x, fitted_y, strict=True):
        fitted = torch.cat([x[rows_x], y[rows_y]])
        places, knots = _place_knots(fitted)
        scores = [quantile((places.double() + 0.5) / len(fitted)).to(fitted) for quantile in quantiles]
        for which, points in enumerate((x, y)):
            ranks = _find_ranks(points, knots)
            for side, score in zip(sides, scores, strict=True):
                side[which].append(ranks.interpolate(score))
    return [(StoredPoints(torch.stack(of_x)), StoredPoints(torch.stack(of_y))) for of_x, of_y in sides]


@dataclass(frozen=True)
class _Ranks:
    """Where values (d, n) are among the knots of their coordinates.

    Attributes:
        above: the knot above each, or the last.
        share: how far it is from the knot below to that one.
        first_equal: the first knot that is not below it.
        last_equal: the last knot that is equal to that one.
        is_knot: whether it is equal to these.
    """

    above: Tensor
    share: Tensor
    first_equal: Tensor
    last_equal: Tensor
    is_knot: Tensor

    def interpolate(self, scores: Tensor) -> Tensor:
        """Scores at the values, (n, d), from those at knots, (k,): linear between, their middle at equal ones."""
        between = scores[self.above - 1].lerp(scores[self.above], self.share)
        at_knots = (scores[self.first_equal] + scores[self.last_equal]) / 2
        return torch.where(self.is_knot, at_knots, between).T


def _place_knots(points: Tensor) -> tuple[Tensor, Tensor]:
    """Ranks of the knots among the points (n, d), shape (k,), and the knots, (d, k)."""
    n = len(points)
    places = torch.linspace(0, n - 1, min(_KNOTS, n), device=points.device).round().long()
    return places, points.sort(0).values[places].T.contiguous()


def _find_ranks(points: Tensor, knots: Tensor) -> _Ranks:
    values = points.T.contiguous()
    last = knots.shape[1] - 1
    first = torch.searchsorted(knots, values)
    above = first.clamp(1, last)
    low, high = knots.gather(1, above - 1), knots.gather(1, above)
    share = torch.where(high > low, (values - low) / (high - low), 0.5).clamp(0, 1)
    at = first.clamp(max=last)
    last_equal = (torch.searchsorted(knots, knots, right=True) - 1).gather(1, at)
    return _Ranks(above, share, at, last_equal, knots.gather(1, at) == values)
