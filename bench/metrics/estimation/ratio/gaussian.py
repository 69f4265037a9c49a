"""Log-ratios of two Gaussians fitted by moments: critics in closed form.

Between N(a, A) and N(b, B) the log-ratio is quadratic. In coordinates u in which (A + B)/2 is the identity and
(A − B)/2 is diag(λ), A is diag(1 + λ) and B is diag(1 − λ), so that the log-ratio is a sum over coordinates.

In many dimensions a fitted difference of covariances is mostly noise, and what is kept of it decides how good the
critic is. The candidates differ in that alone; held-out loss chooses among them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

_SMALLEST_VARIANCE = 1e-6  # relative to the coordinates' own: below it a direction counts as constant
_LARGEST_CURVATURE = 1.0 - 1e-6  # |λ| = 1 is a variance of zero on one side
_THRESHOLD = 3.0  # entries within so many standard errors of zero count as zero


@dataclass(frozen=True)
class QuadraticRatio:
    """v(x) = Σᵢ curvatureᵢ uᵢ² + slopeᵢ uᵢ + constant with u = (x − centre) @ transform, one for each of R critics.

    Attributes:
        centre: shape (R, 1, d).
        transform: shape (R, d, d).
        curvature: shape (R, d, 1).
        slope: shape (R, d, 1).
        constant: shape (R, 1).
        parameters: number of parameters that were fitted, shape (R,).
    """

    centre: Tensor
    transform: Tensor
    curvature: Tensor
    slope: Tensor
    constant: Tensor
    parameters: Tensor

    def __call__(self, points: Tensor) -> Tensor:
        """V at points of shape (R, …, d), shape (R, …)."""
        u = (points.flatten(1, -2).to(self.transform) - self.centre) @ self.transform
        v = (u**2 @ self.curvature + u @ self.slope).squeeze(-1) + self.constant
        return v.reshape(points.shape[:-1])


@dataclass(frozen=True)
class AxisRatio:
    """The same where the coordinates are taken as independent: nothing of size d² is needed.

    Attributes:
        centre: shape (R, 1, d).
        scale: shape (R, 1, d).
        curvature: shape (R, d, 1).
        slope: shape (R, d, 1).
        constant: shape (R, 1).
        parameters: number of parameters that were fitted, shape (R,).
    """

    centre: Tensor
    scale: Tensor
    curvature: Tensor
    slope: Tensor
    constant: Tensor
    parameters: Tensor

    def __call__(self, points: Tensor) -> Tensor:
        """V at points of shape (R, n, d), shape (R, n)."""
        u = (points - self.centre.to(points)) / self.scale.to(points)
        v = u**2 @ self.curvature.to(points) + u @ self.slope.to(points)
        return v.squeeze(-1).double() + self.constant


@dataclass(frozen=True)
class Moments:
    """Moments of both samples, one set for each of R critics, in coordinates of pooled within-class variance 1.

    Attributes:
        scale: standard deviations that the points are divided by, shape (R, d).
        mean_p: mean of the sample from P, shape (R, d).
        mean_q: mean of the sample from Q.
        pooled: mean of the two covariances, shape (R, d, d).
        difference: half their difference.
        n_p: number of points from P.
        n_q: number of points from Q.
    """

    scale: Tensor
    mean_p: Tensor
    mean_q: Tensor
    pooled: Tensor
    difference: Tensor
    n_p: int
    n_q: int

    @property
    def noise(self) -> float:
        """Standard error of an off-diagonal entry of `difference` where the covariances are equal."""
        return 0.5 * math.sqrt(1 / self.n_p + 1 / self.n_q)


def fit_moments(p: Tensor, q: Tensor) -> Moments:
    """Moments of the points that each critic is fitted on, shapes (R, n, d) and (R, m, d)."""
    (mean_p, cov_p), (mean_q, cov_q) = (_estimate_moments(points) for points in (p, q))
    variance = (cov_p + cov_q).diagonal(dim1=-2, dim2=-1) / 2
    scale = torch.where(variance > 0, variance, 1.0).sqrt()
    square = scale[:, :, None] * scale[:, None, :]
    return Moments(
        scale=scale,
        mean_p=mean_p / scale,
        mean_q=mean_q / scale,
        pooled=(cov_p + cov_q) / 2 / square,
        difference=(cov_p - cov_q) / 2 / square,
        n_p=p.shape[1],
        n_q=q.shape[1],
    )


def fit_gaussian_ratios(moments: Moments) -> dict[str, QuadraticRatio]:
    """Every candidate, by name: `linear`, `diagonal`, `low_rank`, `sparse` and `full`."""
    return {name: _diagonalise(*restrict(moments)) for name, restrict in _CANDIDATES.items()}


def fit_axis_ratios(p: Tensor, q: Tensor) -> dict[str, AxisRatio]:
    """`axis_linear` and `axis_diagonal`, from means and variances of the coordinates alone, for many dimensions.

    Args:
        p: points of P that each critic is fitted on, shape (R, n, d).
        q: points of Q, shape (R, m, d).
    """
    (mean_p, var_p), (mean_q, var_q) = ((x.mean(1).double(), x.var(1, correction=0).double()) for x in (p, q))
    pooled = (var_p + var_q) / 2
    scale = torch.where(pooled > 0, pooled, 1.0).sqrt()
    curvatures = {"axis_linear": torch.zeros_like(scale), "axis_diagonal": (var_p - var_q) / 2 / scale**2}
    gap = _shrink((mean_p - mean_q) / scale, p.shape[1], q.shape[1])
    ratios = {}
    for name, lam in curvatures.items():
        curvature, slope, constant = _compute_coefficients(lam, gap / 2)
        fitted = torch.full_like(lam[:, 0], scale.shape[1]) + (lam != 0).sum(1)
        centre = ((mean_p + mean_q) / 2)[:, None, :]
        ratios[name] = AxisRatio(centre, scale[:, None, :], curvature, slope, constant, fitted)
    return ratios


def _estimate_moments(points: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (R, d) and covariance (R, d, d), in float64."""
    mean = points.mean(1, keepdim=True)
    centred = points - mean
    return mean.squeeze(1).double(), (centred.mT @ centred).double() / points.shape[1]


Spectrum = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Eigenvalues λ, shape (R, d), to those that are kept and how many parameters they stand for, shape (R,)."""


def _keep_fitted(eigenvalues: Tensor) -> tuple[Tensor, Tensor]:
    return eigenvalues, torch.zeros_like(eigenvalues[:, 0])


def _fit_linear(m: Moments) -> tuple[Moments, Spectrum]:
    """Equal covariances: Fisher's linear discriminant."""
    return replace(m, difference=torch.zeros_like(m.difference)), _keep_fitted


def _apply_mask(m: Moments, mask: Tensor) -> tuple[Moments, Spectrum]:
    """Only the entries of both covariances that `mask`, symmetric and true on the diagonal, lets stand."""
    kept = (mask.sum((-2, -1)) + mask.shape[-1]) / 2

    def count(eigenvalues: Tensor) -> tuple[Tensor, Tensor]:
        return eigenvalues, kept.to(eigenvalues)

    return replace(m, pooled=m.pooled * mask, difference=m.difference * mask), count


def _fit_diagonal(m: Moments) -> tuple[Moments, Spectrum]:
    """Independent coordinates."""
    return _apply_mask(m, torch.eye(m.scale.shape[1], dtype=torch.bool, device=m.scale.device).expand_as(m.pooled))


def _fit_sparse(m: Moments) -> tuple[Moments, Spectrum]:
    """Only the covariances that differ from zero in one of the two samples."""
    on_diagonal = torch.eye(m.scale.shape[1], dtype=torch.bool, device=m.scale.device)
    larger = m.pooled.abs() + m.difference.abs()  # the larger of the two samples' covariances, in absolute value
    return _apply_mask(m, (larger > 2 * _THRESHOLD * m.noise) | on_diagonal)


def _fit_full(m: Moments) -> tuple[Moments, Spectrum]:
    """Both covariances as fitted."""
    return _apply_mask(m, torch.ones_like(m.pooled, dtype=torch.bool))


def _fit_low_rank(m: Moments) -> tuple[Moments, Spectrum]:
    """A multiple of the identity plus the few eigenvalues that stand out of the noise.

    The spectrum of a symmetric noise matrix fills [−e, e] with e = 2 noise √d (Wigner's semicircle), and an eigenvalue
    beyond it is inflated to about √(λ² + e²): undone here, about the median, which a few large ones do not move.
    """
    edge = 2 * m.noise * math.sqrt(m.scale.shape[1])

    def shrink(eigenvalues: Tensor) -> tuple[Tensor, Tensor]:
        centre = eigenvalues.median(1, keepdim=True).values
        beyond = eigenvalues - centre
        kept = (beyond**2 - edge**2).clamp(min=0).sqrt() * beyond.sign()
        return centre + kept, 1.0 + (kept != 0).sum(1) * eigenvalues.shape[1]

    return m, shrink


_CANDIDATES: dict[str, Callable[[Moments], tuple[Moments, Spectrum]]] = {
    "linear": _fit_linear,
    "diagonal": _fit_diagonal,
    "low_rank": _fit_low_rank,
    "sparse": _fit_sparse,
    "full": _fit_full,
}


def _diagonalise(m: Moments, spectrum: Spectrum) -> QuadraticRatio:
    """The log-ratio of the two Gaussians of `m`, in the coordinates that make both covariances diagonal."""
    variances, axes = torch.linalg.eigh(m.pooled)
    whiten = axes / variances.clamp(min=_SMALLEST_VARIANCE).sqrt()[:, None, :]
    eigenvalues, rotation = torch.linalg.eigh(whiten.mT @ m.difference @ whiten)
    kept, parameters = spectrum(eigenvalues)
    transform = whiten @ rotation
    gap = ((m.mean_p - m.mean_q)[:, None, :] @ transform).squeeze(1)
    curvature, slope, constant = _compute_coefficients(kept, _shrink(gap, m.n_p, m.n_q) / 2)
    return QuadraticRatio(
        centre=(m.scale * (m.mean_p + m.mean_q) / 2)[:, None, :],
        transform=transform / m.scale[:, :, None],
        curvature=curvature,
        slope=slope,
        constant=constant,
        parameters=m.scale.shape[1] + parameters,
    )


def _compute_coefficients(eigenvalues: Tensor, half_gap: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Curvature (R, d, 1), slope (R, d, 1) and constant (R, 1) of the log-ratio of N(g, 1 + λ) and N(−g, 1 − λ).

    With the means at ±g about their middle: ½ log((1 − λ)/(1 + λ)) − (u − g)²/2(1 + λ) + (u + g)²/2(1 − λ).

    Args:
        eigenvalues: λ, shape (R, d).
        half_gap: g, shape (R, d).
    """
    lam = eigenvalues.clamp(-_LARGEST_CURVATURE, _LARGEST_CURVATURE)
    spread = 1 - lam**2
    constant = (lam * half_gap**2 / spread - torch.atanh(lam)).sum(1, keepdim=True)
    return (lam / spread)[:, :, None], (2 * half_gap / spread)[:, :, None], constant


def _shrink(gap: Tensor, n_p: int, n_q: int) -> Tensor:
    """A difference of means in whitened coordinates, shape (R, d), shrunk towards zero (James and Stein 1961)."""
    expected = gap.shape[1] * (1 / n_p + 1 / n_q)  # of ‖gap‖² between equal means
    return gap * (1 - expected / (gap**2).sum(1, keepdim=True).clamp(min=expected))
