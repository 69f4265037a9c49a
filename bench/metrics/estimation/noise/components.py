"""Principal components of both samples taken together, in which noise of any level stays isotropic."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.folds import Pairs

MOST_COMPONENTS = 256
_EXACT_UP_TO = 1024  # dimensions: beyond, the leading components are found by random projections
_OVERSAMPLING, _POWER_ITERATIONS = 32, 2
_SMALLEST_VARIANCE = 1e-8  # relative to the largest: below it a direction counts as constant


@dataclass(frozen=True)
class Components:
    """The leading K principal components as each of R critics finds them in the folds that it is fitted on.

    Attributes:
        centre: pooled mean, shape (R, 1, d).
        directions: orthonormal, shape (R, d, K).
        variance: of the pooled points along each direction, shape (R, 1, K).
    """

    centre: Tensor
    directions: Tensor
    variance: Tensor

    def project(self, points: Tensor) -> Tensor:
        """Coordinates of points (n, d) for each critic: (R, n, K)."""
        return torch.stack(
            [(points - centre) @ basis for centre, basis in zip(self.centre, self.directions, strict=True)]
        )

    def rotate(self, noise: Tensor, folds: Tensor) -> Tensor:
        """Noise of the folds that each critic leaves out, in its coordinates.

        Args:
            noise: in folds, shape (F, s, d).
            folds: shape (R, 2).

        Returns:
            Shape (R, 2 s, K).
        """
        return torch.stack(
            [noise[own].flatten(0, 1) @ basis for own, basis in zip(folds, self.directions, strict=True)]
        )

    def filter(self, coordinates: Tensor, spread: Tensor) -> Tensor:
        """Noisy coordinates weighted by their signal: √λ/(λ + s²) times each, λ the variance without noise.

        That is the linear estimate of what was there before the noise (Wiener 1949), in standard units: its variance is
        λ/(λ + s²), near 1 where the signal dominates and near 0 where the noise does.

        Args:
            coordinates: of x + s ε, shape (R, n, K).
            spread: s of each point, shape (n, 1), or one for all.
        """
        return coordinates * (self.variance.sqrt() / (self.variance + spread**2))


def fit_components(p: Tensor, q: Tensor, pairs: Pairs, generator: torch.Generator) -> Components:
    """Components for each critic, from the points that it is fitted on, the two samples not told apart.

    Args:
        p: points of P in folds, shape (F, s, d).
        q: points of Q in folds, shape (F, t, d).
        pairs: the critics of the cross-fit.
        generator: draws random projections, in many dimensions.
    """
    found = [
        _fit_one(torch.cat([p[folds].flatten(0, 1), q[folds].flatten(0, 1)]), generator) for folds in pairs.fitted_on
    ]
    return Components(*(torch.stack(part) for part in zip(*found, strict=True)))


def _fit_one(points: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    centre = points.mean(0, keepdim=True)
    d = points.shape[1]
    count = min(d, MOST_COMPONENTS)
    directions, variance = (_decompose if d <= _EXACT_UP_TO else _sketch)(points - centre, count, generator)
    floor = variance.max() * _SMALLEST_VARIANCE
    return centre, directions, variance.clamp(min=float(floor) or 1.0)[None]


def _decompose(centred: Tensor, count: int, _: torch.Generator) -> tuple[Tensor, Tensor]:
    covariance = centred.mT @ centred / len(centred)
    values, vectors = torch.linalg.eigh(covariance.double())
    return vectors[:, -count:].flip(1).float(), values[-count:].flip(0).float()


def _sketch(centred: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The leading components by randomised subspace iteration (Halko, Martinsson and Tropp 2011, algorithm 4.4)."""
    width = min(count + _OVERSAMPLING, centred.shape[1])
    basis = torch.randn(centred.shape[1], width, generator=generator, device=centred.device)
    for _ in range(_POWER_ITERATIONS + 1):
        basis = torch.linalg.qr(centred.mT @ (centred @ basis)).Q
    _, singular, rows = torch.linalg.svd(centred @ basis / math.sqrt(len(centred)), full_matrices=False)
    return (basis @ rows.mT)[:, :count], singular[:count].square()
