"""Closed forms for two Gaussians of any dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, LowRankMultivariateNormal, MultivariateNormal, Normal

from bench.divergences import ALPHA_OF, alpha_parameter
from bench.errors import ArgumentError

_NEAR = 0.5  # largest |λ − 1| of S_q⁻¹ S_p for which the closed forms are summed over eigenvalues
_SERIES = 0.05  # |x| below which x − log(1 + x) comes from its series
_SMALL = 0.01  # |c| below which log |S| − log |S_q| is summed over eigenvalues
_WORST_CONDITION = 1e10  # of a correlation matrix given as a covariance: its factor has 6 digits left


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian in float64.

    Attributes:
        mean: shape (d,).
        factor: L, lower triangular, with covariance L Lᵀ, shape (d, d).
        covariance: shape (d, d) if that is what was given, and None if the factor was.
    """

    mean: Tensor
    factor: Tensor
    covariance: Tensor | None = None


def as_gaussian(law: Distribution, role: str = "law") -> Gaussian | None:
    """The law (float64) as a Gaussian, or None if it is another.

    Raises:
        ArgumentError: if the covariance is not positive definite, or too close to that.
    """
    base = law.base_dist if isinstance(law, Independent) else law
    if isinstance(base, Normal):
        return Gaussian(base.loc.reshape(-1), torch.diag(base.scale.reshape(-1)))
    if not isinstance(base, MultivariateNormal | LowRankMultivariateNormal):
        return None
    mean = base.loc.reshape(-1)
    shape = (len(mean), len(mean))
    low_rank = isinstance(base, LowRankMultivariateNormal)
    if not low_rank and "covariance_matrix" not in vars(base):
        return Gaussian(mean, base.scale_tril.reshape(shape))
    covariance = base.covariance_matrix.reshape(shape)
    _check_condition(covariance, role)
    return Gaussian(mean, torch.linalg.cholesky(covariance), covariance)


def _check_condition(covariance: Tensor, role: str) -> None:
    scale = covariance.diagonal().sqrt()
    spectrum = torch.linalg.eigvalsh(covariance / (scale[:, None] * scale))
    if not float(spectrum[0]) * _WORST_CONDITION > float(spectrum[-1]):
        raise ArgumentError(
            f"exact_divergence: the covariance of {role} is singular in float64: its correlation has eigenvalues "
            f"from {float(spectrum[0]):.2g} to {float(spectrum[-1]):.2g}; expected a positive definite one; if it is, "
            "give its Cholesky factor as scale_tril"
        )


def gaussian_divergence(name: str, p: Gaussian, q: Gaussian) -> float | None:
    """D_f(P‖Q) of two Gaussians, or None where there is no closed form."""
    if name == "kl":
        return _kl(p, q)
    if name == "reverse_kl":
        return _kl(q, p)
    if name == "jeffreys":
        return _kl(p, q) + _kl(q, p)
    if name in ALPHA_OF:
        a, factor = ALPHA_OF[name]
        return factor * _alpha(a, 1 - a, p, q)
    a_given = alpha_parameter(name)
    return None if a_given is None else _alpha(a_given, 1 - a_given, p, q)


def _difference(p: Gaussian, q: Gaussian) -> Tensor:
    """S_p − S_q from what was given, so that equal digits cancel exactly."""
    if p.covariance is not None and q.covariance is not None:
        return p.covariance - q.covariance
    step = p.factor - q.factor
    return step @ p.factor.T + q.factor @ step.T


def whitened_excess(p: Gaussian, q: Gaussian) -> Tensor:
    """L⁻¹ (S_p − S_q) L⁻ᵀ with S_q = L Lᵀ: the covariance of p, less I, in coordinates in which that of q is I."""
    half: Tensor = torch.linalg.solve_triangular(q.factor, _difference(p, q), upper=False)
    whitened: Tensor = torch.linalg.solve_triangular(q.factor, half.T, upper=False)
    return whitened


def _log_determinant(factor: Tensor) -> Tensor:
    return 2 * factor.diagonal().log().sum()


def _kl(p: Gaussian, q: Gaussian) -> float:
    """½ (tr(S_q⁻¹ S_p) − d + Δᵀ S_q⁻¹ Δ + log |S_q|/|S_p|).

    With eigenvalues 1 + e of S_q⁻¹ S_p the terms but the third are ½ Σ (e − log(1 + e)), each non-negative: where all
    e are small, so that the terms nearly cancel, they are summed so.
    """
    shift = torch.linalg.solve_triangular(q.factor, (p.mean - q.mean)[:, None], upper=False).square().sum()
    excess = torch.linalg.eigvalsh(whitened_excess(p, q))
    if float(excess.abs().max()) < _NEAR:
        return float(0.5 * (shift + _minus_log1p(excess).sum()))
    ratio = torch.linalg.solve_triangular(q.factor, p.factor, upper=False)
    volumes = _log_determinant(q.factor) - _log_determinant(p.factor)
    return float(0.5 * (shift + ratio.square().sum() - len(excess) + volumes))


def _alpha(a: float, c: float, p: Gaussian, q: Gaussian) -> float:
    """(∫ pᵃ qᶜ − 1) / (−a c) for a + c = 1, the integral by the Rényi divergence (Gil et al. 2013, table 2).

    With S = c S_p + a S_q: log ∫ pᵃ qᶜ = −½ a c (Δᵀ S⁻¹ Δ + G), where a c G = log |S| − c log |S_p| − a log |S_q|, and
    the integral is infinite unless S is positive definite.
    """
    if a in (0, 1):
        return _kl(p, q) if a == 1 else _kl(q, p)
    if a < 0.5:
        return _alpha(c, a, q, p)
    mixed = q.factor @ q.factor.T if q.covariance is None else q.covariance
    factor, failed = torch.linalg.cholesky_ex(mixed + c * _difference(p, q))
    if int(failed):
        return math.inf
    shift = torch.linalg.solve_triangular(factor, (p.mean - q.mean)[:, None], upper=False).square().sum()
    size = -0.5 * (shift + _volumes(a, c, p, q, factor))
    exponent = a * c * size
    return float(-size if exponent == 0 else -size * torch.expm1(exponent) / exponent)


def _volumes(a: float, c: float, p: Gaussian, q: Gaussian, factor: Tensor) -> Tensor:
    """G, from the eigenvalues e of S_q⁻¹ S_p − I where it would cancel: Σ log(1 + c e) − c log(1 + e) over a c."""
    excess = torch.linalg.eigvalsh(whitened_excess(p, q))
    if float(excess.abs().max()) * max(1, abs(c)) < _NEAR:
        return ((_minus_log1p(excess) - _minus_log1p(c * excess) / c) / a).sum()
    log_p, log_q = _log_determinant(p.factor), _log_determinant(q.factor)
    if abs(c) < _SMALL:
        return (torch.log1p(c * excess).sum() / c - (log_p - log_q)) / a
    return (_log_determinant(factor) - c * log_p - a * log_q) / (a * c)


def _minus_log1p(x: Tensor) -> Tensor:
    """X − log(1 + x) ≥ 0, without cancellation."""
    series = torch.zeros_like(x)
    for order in range(14, 1, -1):
        series = (1 / order) - x * series
    return torch.where(x.abs() < _SERIES, x.square() * series, x - torch.log1p(x))
