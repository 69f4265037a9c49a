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
from bench.metrics.checks import as_points, require_finite
from bench.metrics.features.pairs import as_pair, require_range, share_unit
from bench.metrics.samples import Samples, as_count, as_tensor

_NO_COVARIANCE = 1e-5
"""Asymmetry and negative eigenvalues, as a share of the largest, that are more than rounding of float32."""


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

    The state of each side is its number of features, their mean and the sum of outer products about it, in float64.
    States of batches and of processes merge (Chan et al. 1983, eq. 2.1), and wherever the features lie no digit is
    lost, as it is where sums are taken about the origin.

    Args:
        size: dimension d of the features, at least 1.
        kwargs: arguments of `torchmetrics.Metric`.

    Raises:
        ArgumentError: if the size is not a whole number of at least 1.
    """

    higher_is_better = False
    is_differentiable = False
    full_state_update = False

    real: Tensor
    fake: Tensor

    def __init__(self, size: int, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.size = as_count(size, "FrechetDistance: size")
        for side in ("real", "fake"):
            nothing = torch.zeros(self.size + 2, self.size, dtype=torch.float64)
            self.add_state(side, nothing, dist_reduce_fx=_merge_moments)

    def update(self, features: Samples, real: bool) -> None:
        """Add a batch.

        Args:
            features: shape (n, d).
            real: whether they come from the data (else from the model).

        Raises:
            ArgumentError: if the dimension is not d or a value is not a finite number.
        """
        points = as_points(features, "real features" if real else "generated features").to(self.real.device)
        if points.shape[1] != self.size:
            raise ArgumentError(f"features: dimension {points.shape[1]}; expected {self.size}, as on the other side")
        name = "real" if real else "fake"
        setattr(self, name, _merge_moments(torch.stack([getattr(self, name), _measure_moments(points)])))

    def compute(self) -> Tensor:
        """The distance, a float64 scalar, in squared units of the features.

        Raises:
            ArgumentError: if a side has fewer than two features, or the distance is more than float64 holds.
        """
        distance = _fit_side(self.real, "real").distance(_fit_side(self.fake, "generated"))
        require_range(float(distance), "Fréchet distance")
        return distance


def _measure_moments(points: Tensor) -> Tensor:
    """The number of points in the first row, then their mean, then the sum of outer products about it: (d + 2, d)."""
    mean = points.mean(0, keepdim=True)
    deviations = points - mean
    return torch.cat([torch.full_like(mean, len(points)), mean, deviations.T @ deviations])


def _merge_moments(parts: Tensor) -> Tensor:
    """The moments of all points, from those of parts of them, shape (k, d + 2, d)."""
    counts, means = parts[:, 0], parts[:, 1]
    total = counts.sum(0)
    if not bool(total.any()):
        return parts[0]
    nearby = means[int(counts[:, 0].argmax())]  # means far from the origin are averaged about one of them
    mean = nearby + (counts / total * (means - nearby)).sum(0)
    apart = (means - mean) * counts.sqrt()
    return torch.cat([total[None], mean[None], parts[:, 2:].sum(0) + apart.T @ apart])


def _fit_side(moments: Tensor, side: str) -> Gaussian:
    n = int(moments[0, 0])
    if n < 2:
        raise ArgumentError(f"Fréchet distance: {n} {side} features; expected at least 2 to have a covariance")
    require_range(float(moments.abs().max()), "Fréchet distance")
    return Gaussian.of(moments[1], moments[2:] / (n - 1))


def gaussian_frechet(mean_1: Samples, cov_1: Samples, mean_2: Samples, cov_2: Samples) -> Tensor:
    """Fréchet distance between N(mean_1, cov_1) and N(mean_2, cov_2), a float64 scalar.

    Args:
        mean_1: shape (d,).
        cov_1: shape (d, d), symmetric with no negative eigenvalue.
        mean_2: likewise.
        cov_2: likewise.

    Raises:
        ArgumentError: if shapes do not fit, a value is not finite, or a matrix is no covariance.
    """
    first = _read_gaussian(mean_1, cov_1, "1")
    second = _read_gaussian(mean_2, cov_2, "2")
    if first[0].shape != second[0].shape:
        raise ArgumentError(f"mean_2: dimension {len(second[0])}; expected {len(first[0])}, as mean_1 has it")
    return Gaussian.of(*first).distance(Gaussian.of(*(part.to(first[0].device) for part in second)))


def _read_gaussian(mean: Samples, covariance: Samples, which: str) -> tuple[Tensor, Tensor]:
    centre, matrix = as_tensor(mean, f"mean_{which}").double(), as_tensor(covariance, f"cov_{which}").double()
    if centre.ndim != 1 or len(centre) == 0 or matrix.shape != (len(centre), len(centre)):
        found = f"shapes {tuple(centre.shape)} and {tuple(matrix.shape)}"
        raise ArgumentError(f"mean_{which} and cov_{which}: {found}; expected (d,) and (d, d)")
    require_finite(centre, f"mean_{which}")
    require_finite(matrix, f"cov_{which}")
    values = torch.linalg.eigvalsh((matrix + matrix.T) / 2)
    skew = float((matrix - matrix.T).abs().max())
    if skew > _NO_COVARIANCE * float(values[-1].abs()) or float(values[0]) < -_NO_COVARIANCE * float(values[-1].abs()):
        raise ArgumentError(
            f"cov_{which}: differs from its transpose by {skew:.3g} and has eigenvalues of {float(values[0]):.3g} to "
            f"{float(values[-1]):.3g}; expected a symmetric matrix with none below zero"
        )
    return centre, matrix


def frechet_distance(x: Samples, y: Samples) -> float:
    """Fréchet distance between Gaussian fits of two sets of features.

    Args:
        x: features of one set, shape (n, d); points are their own features.
        y: features of the other, shape (m, d).

    Returns:
        The distance, at least 0, in squared units of the features. Its bias is positive and falls as 1/n + 1/m;
        `frechet_infinity` takes it away.

    Raises:
        ArgumentError: if a set has fewer than two points, dimensions differ, a value is not finite, or the distance is
            more than float64 holds.
    """
    first, second, unit = share_unit(*as_pair(x, y, at_least=2))
    distance = float(Gaussian.fit(first).distance(Gaussian.fit(second)))
    return require_range(distance * unit * unit, "Fréchet distance")
