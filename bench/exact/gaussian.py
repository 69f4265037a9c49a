"""Closed forms for two Gaussians of any dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, LowRankMultivariateNormal, MultivariateNormal, Normal

from bench.divergences import ALPHA_OF, alpha_parameter


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian in float64.

    Attributes:
        mean: shape (d,).
        covariance: shape (d, d), positive definite.
    """

    mean: Tensor
    covariance: Tensor


def as_gaussian(law: Distribution) -> Gaussian | None:
    """The law as a Gaussian, or None if it is another."""
    base = law.base_dist if isinstance(law, Independent) else law
    if isinstance(base, Normal):
        mean, scale = base.mean.double().reshape(-1), base.stddev.double().reshape(-1)
        return Gaussian(mean, torch.diag(scale.square()))
    if isinstance(base, MultivariateNormal | LowRankMultivariateNormal):
        mean = base.mean.double().reshape(-1)
        return Gaussian(mean, base.covariance_matrix.double().reshape(len(mean), len(mean)))
    return None


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
        return factor * _alpha(a, p, q)
    a_given = alpha_parameter(name)
    return None if a_given is None else _alpha(a_given, p, q)


def _kl(p: Gaussian, q: Gaussian) -> float:
    """½ (tr(S_q⁻¹ S_p) − d + Δᵀ S_q⁻¹ Δ + log |S_q|/|S_p|)."""
    factor_p, factor_q = (torch.linalg.cholesky(g.covariance) for g in (p, q))
    ratio = torch.linalg.solve_triangular(factor_q, factor_p, upper=False)
    shift = torch.linalg.solve_triangular(factor_q, (p.mean - q.mean)[:, None], upper=False)
    # eigenvalues λ of S_q⁻¹ S_p: ½ Σ (λ − 1 − log λ), each term non-negative, so that nothing cancels between them
    excess = torch.linalg.svdvals(ratio).square() - 1
    return float(0.5 * (shift.square().sum() + (excess - torch.log1p(excess)).sum()))


def _alpha(a: float, p: Gaussian, q: Gaussian) -> float:
    """(∫ pᵃ q¹⁻ᵃ − 1) / (a(a − 1)), the integral by the Rényi divergence (Gil et al. 2013, table 2).

    With S_a = (1 − a) S_p + a S_q: log ∫ pᵃ q¹⁻ᵃ = −½ a(1 − a) Δᵀ S_a⁻¹ Δ − ½ log(|S_a| / (|S_p|¹⁻ᵃ |S_q|ᵃ)), and the
    integral is infinite unless S_a is positive definite.
    """
    if a == 1:
        return _kl(p, q)
    if a == 0:
        return _kl(q, p)
    mixed = (1 - a) * p.covariance + a * q.covariance
    if float(torch.linalg.eigvalsh(mixed).min()) <= 0:
        return math.inf
    delta = p.mean - q.mean
    mahalanobis = delta @ torch.linalg.solve(mixed, delta)
    volumes = torch.logdet(mixed) - (1 - a) * torch.logdet(p.covariance) - a * torch.logdet(q.covariance)
    log_integral = -0.5 * (a * (1 - a) * mahalanobis + volumes)
    return float(torch.expm1(log_integral) / (a * (a - 1)))
