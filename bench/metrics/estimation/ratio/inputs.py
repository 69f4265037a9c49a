"""What critics see of a point: robustly scaled coordinates and, in few dimensions, waves of many lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.folds import Pairs

LINEAR_WITHIN = 4.0  # standard units; beyond, a coordinate grows like its logarithm
_NORMAL_QUARTILES = 1.349  # distance between the quartiles of a standard normal
_REFERENCE_POINTS = 1024  # of each sample, for medians and quartiles
_SHORTEST_WAVE = 1 / 60


@dataclass(frozen=True)
class CriticInputs:
    """Maps points to inputs, for each of R critics by statistics of both samples taken together.

    Attributes:
        centre: shape (R, 1, d).
        scale: shape (R, 1, d).
        frequencies: of the waves, shape (d, w); w = 0 in many dimensions.
    """

    centre: Tensor
    scale: Tensor
    frequencies: Tensor

    @property
    def width(self) -> int:
        """Number of inputs."""
        d, waves = self.frequencies.shape
        return d + 2 * waves

    def of(self, critics: Tensor) -> CriticInputs:
        """The inputs of some of the critics, by their numbers."""
        return replace(self, centre=self.centre[critics], scale=self.scale[critics])

    def coordinates(self, points: Tensor, limit: float = LINEAR_WITHIN) -> Tensor:
        """Points (R, n, d) in standard units, with logarithmic tails so that no outlier dominates: (R, n, d).

        Args:
            points: shape (R, n, d).
            limit: where the tails begin, in standard units.
        """
        u = (points - self.centre) / self.scale
        beyond = (u.abs() - limit).clamp(min=0)
        return u.clamp(-limit, limit) + u.sign() * beyond.log1p()

    def waves(self, coordinates: Tensor) -> Tensor:
        """The coordinates and the waves' sines and cosines there: (R, n, width)."""
        if self.frequencies.shape[1] == 0:
            return coordinates
        phase = coordinates @ self.frequencies
        return torch.cat([coordinates, phase.sin(), phase.cos()], -1)


def fit_inputs(p: Tensor, q: Tensor, pairs: Pairs, generator: torch.Generator, waves: int) -> CriticInputs:
    """Inputs scaled by the folds that each critic is fitted on, the two samples not told apart.

    Args:
        p: points of P in folds, shape (F, s, d).
        q: points of Q in folds, shape (F, t, d).
        pairs: the critics of the cross-fit.
        generator: draws the waves.
        waves: how many; 0 for coordinates alone.
    """
    folds = pairs.fitted_on.shape[1]
    each = max(1, min(p.shape[1], q.shape[1], _REFERENCE_POINTS // folds))
    centre, width = _measure_scale(torch.cat([p[:, :each], q[:, :each]], 1)[pairs.fitted_on].flatten(1, 2))
    return CriticInputs(centre, torch.where(width > 0, width, 1.0), _draw_frequencies(p.shape[-1], generator, waves))


def _measure_scale(points: Tensor) -> tuple[Tensor, Tensor]:
    """Median and normal-consistent distance of the quartiles over dimension 1; the deviation where they coincide."""
    ordered = points.sort(1).values
    n = points.shape[1]
    low, median, high = (ordered[:, [int(share * (n - 1))]] for share in (0.25, 0.5, 0.75))
    width = (high - low) / _NORMAL_QUARTILES
    return median, torch.where(width > 0, width, points.std(1, keepdim=True))


def _draw_frequencies(d: int, generator: torch.Generator, waves: int) -> Tensor:
    """Random directions with lengths spread evenly in logarithm, shape (d, w) (Rahimi and Recht 2007)."""
    direction = torch.randn(d, waves, generator=generator, device=generator.device)
    exponent = torch.rand(waves, generator=generator, device=generator.device)
    return direction * torch.exp(-exponent * math.log(_SHORTEST_WAVE))
