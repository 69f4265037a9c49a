"""The Fréchet distance between Gaussian fits of two sets of features.

For N(m₁, C₁) and N(m₂, C₂) it is ‖m₁ − m₂‖² + tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½) (Dowson and Landau 1982, eq. 4; as "FID"
in Heusel et al. 2017, eq. 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from bench.errors import ArgumentError
from bench.metrics.checks import as_points
from bench.metrics.features.pairs import as_pair


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian fit, with the root that distances from it take; all in float64.

    Attributes:
        mean: shape (d,).
        covariance: shape (d, d), denominator n − 1.
        root: the covariance's symmetric root, shape (d, d).
    """

    mean: Tensor
    covariance: Tensor
    root: Tensor

    @classmethod
    def of(cls, mean: Tensor, covariance: Tensor) -> Gaussian:
        """With the root of the covariance."""
        return cls(mean, covariance, matrix_root(covariance))

    @classmethod
    def fit(cls, points: Tensor) -> Gaussian:
        """The fit of points, shape (n, d) in float64, n ≥ 2."""
        mean = points.mean(0)
        deviations = points - mean
        return cls.of(mean, deviations.T @ deviations / (len(points) - 1))

    def distance(self, other: Gaussian) -> Tensor:
        """Fréchet distance, a scalar.

        The eigenvalues of the symmetric C₁^½ C₂ C₁^½ are the squares of the singular values of C₁^½ C₂^½, so the trace
        of its root is the sum of these; taken directly, because the root of an eigenvalue's rounding, 1e-16, is 1e-8.
        """
        roots = torch.linalg.svdvals(self.root @ other.root).sum()
        spread = self.covariance.trace() + other.covariance.trace() - 2 * roots
        distance: Tensor = (self.mean - other.mean).square().sum() + spread
        return torch.clamp(distance, min=0)


def matrix_root(covariance: Tensor) -> Tensor:
    """Symmetric square root, by symmetric eigenvalues; those beyond the numerical rank are rounding, hence zero."""
    values, vectors = torch.linalg.eigh((covariance + covariance.T) / 2)
    rounding = len(values) * torch.finfo(values.dtype).eps * values[-1]
    root: Tensor = (vectors * torch.where(values > rounding, values, 0).sqrt()) @ vectors.T
    return root


class FrechetDistance(Metric):
    """Fréchet distance from batches of features, covariances with denominator n − 1.

    The state is, for each side, the number of features, their sum and the sum of their outer products, in float64 and
    about the fixed point `centre`: sums about one point add, so that states of several processes merge exactly.
    Taking the covariance from them loses about 2 log10(‖mean − centre‖ / σ) of float64's 16 digits: four digits for
    features a hundred standard deviations away. A `centre` near the features' mean loses none.

    Args:
        size: dimension d of the features.
        centre: the point that sums are taken about, shape (d,); the origin if not given. Metrics that are to be
            merged must have the same one.
    """

    higher_is_better = False
    is_differentiable = False
    full_state_update = False

    centre: Tensor
    real_count: Tensor
    real_sum: Tensor
    real_outer: Tensor
    fake_count: Tensor
    fake_sum: Tensor
    fake_outer: Tensor

    def __init__(self, size: int, centre: Tensor | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        origin = torch.zeros(size, dtype=torch.float64)
        self.register_buffer("centre", origin if centre is None else centre.detach().double())
        for side in ("real", "fake"):
            self.add_state(f"{side}_count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
            self.add_state(f"{side}_sum", origin.clone(), dist_reduce_fx="sum")
            self.add_state(f"{side}_outer", torch.zeros(size, size, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, features: Tensor, real: bool) -> None:
        """Add a batch.

        Args:
            features: shape (n, d).
            real: whether they come from the data (else from the model).

        Raises:
            ArgumentError: if the dimension is not d or a value is not finite.
        """
        points = as_points(features, "real features" if real else "generated features")
        size = len(self.centre)
        if points.shape[1] != size:
            raise ArgumentError(f"features: dimension {points.shape[1]}; expected {size}, as on the other side")
        points = points - self.centre
        count, total, outer = len(points), points.sum(0), points.T @ points
        if real:
            self.real_count += count
            self.real_sum += total
            self.real_outer += outer
        else:
            self.fake_count += count
            self.fake_sum += total
            self.fake_outer += outer

    def compute(self) -> Tensor:
        """The distance, a float64 scalar, in squared units of the features.

        Raises:
            ArgumentError: if a side has fewer than two features.
        """
        real = _fit_side(self.real_count, self.real_sum, self.real_outer, "real")
        fake = _fit_side(self.fake_count, self.fake_sum, self.fake_outer, "generated")
        return real.distance(fake)


def _fit_side(count: Tensor, total: Tensor, outer: Tensor, side: str) -> Gaussian:
    """The fit of one side, its mean about the centre."""
    n = int(count)
    if n < 2:
        raise ArgumentError(f"Fréchet distance: {n} {side} features; expected at least 2 to have a covariance")
    mean = total / n
    return Gaussian.of(mean, (outer - n * torch.outer(mean, mean)) / (n - 1))


def gaussian_frechet(mean_1: Tensor, cov_1: Tensor, mean_2: Tensor, cov_2: Tensor) -> Tensor:
    """Fréchet distance between N(mean_1, cov_1) and N(mean_2, cov_2): means (d,), covariances (d, d), float64."""
    return Gaussian.of(mean_1, cov_1).distance(Gaussian.of(mean_2, cov_2))


def frechet_distance(x: Tensor, y: Tensor) -> float:
    """Fréchet distance between Gaussian fits of two sets of features.

    Args:
        x: features of one set, shape (n, d); points are their own features.
        y: features of the other, shape (m, d).

    Returns:
        The distance, at least 0, in squared units of the features. Its bias is positive and falls as 1/n + 1/m;
        `frechet_infinity` takes it away.

    Raises:
        ArgumentError: if a set has fewer than two points, dimensions differ, or a value is not finite.
    """
    first, second = as_pair(x, y, at_least=2)
    return float(Gaussian.fit(first).distance(Gaussian.fit(second)))
