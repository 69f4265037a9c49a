"""Closed forms for pairs of one exponential family, by its log-normaliser.

With natural parameters θ, sufficient statistics T and log-normaliser F (Nielsen & Garcia 2009, sec. 1 and 4):
KL(P‖Q) = F(θ_q) − F(θ_p) − ⟨θ_q − θ_p, E_P T⟩, and ∫ pᵃ qᶜ = exp(F(aθ_p + cθ_q) − aF(θ_p) − cF(θ_q)) for a + c = 1,
infinite where aθ_p + cθ_q is no parameter. All in arbitrary precision: nothing cancels, for pairs however near.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import mpmath  # type: ignore[import-untyped]
import torch
from torch.distributions import (
    Beta,
    Chi2,
    ContinuousBernoulli,
    Dirichlet,
    Distribution,
    Exponential,
    Gamma,
    Geometric,
    Gumbel,
    HalfNormal,
    Independent,
    InverseGamma,
    Laplace,
    NegativeBinomial,
    Pareto,
    Poisson,
    Uniform,
    VonMises,
    Weibull,
)

from bench.divergences import ALPHA_OF, alpha_parameter

Real: TypeAlias = Any  # a number of mpmath, which has no types
Vector = list[Real]

_DIGITS = 80
_LEAST = 1e-50  # |a| below which alpha(a) is its limit, to as many digits


@dataclass(frozen=True)
class Family:
    """An exponential family.

    Attributes:
        log_normaliser: θ ↦ F(θ); None where θ is no parameter.
        mean: θ ↦ E T = ∇F(θ).
    """

    log_normaliser: Callable[[Vector], Real | None]
    mean: Callable[[Vector], Vector]


@dataclass(frozen=True)
class Member:
    """A law of a family. Laws of equal `carrier` have one base measure and may be compared."""

    family: str
    carrier: tuple[Real, ...]
    theta: Vector


def _dirichlet(theta: Vector) -> Real | None:
    if min(theta) <= 0:
        return None
    return mpmath.fsum(mpmath.loggamma(a) for a in theta) - mpmath.loggamma(mpmath.fsum(theta))


def _gamma(theta: Vector) -> Real | None:
    a, minus_rate = theta
    return None if a <= 0 or minus_rate >= 0 else mpmath.loggamma(a) - a * mpmath.log(-minus_rate)


def _bessel(order: int, kappa: Real) -> Real:
    """Log I_order(κ) e^(−κ), by its asymptotic series where that has digits enough."""
    return mpmath.log(mpmath.besseli(order, kappa)) - kappa


def _norm(theta: Vector) -> Real:
    return mpmath.hypot(*theta)


def _von_mises_mean(theta: Vector) -> Vector:
    kappa = _norm(theta)
    if kappa == 0:
        return [mpmath.mpf(0), mpmath.mpf(0)]
    ratio = mpmath.exp(_bessel(1, kappa) - _bessel(0, kappa)) / kappa
    return [ratio * part for part in theta]


def _slope_mean(theta: Vector) -> Vector:
    (eta,) = theta
    return [1 / -mpmath.expm1(-eta) - 1 / eta if eta else mpmath.mpf(1) / 2]


FAMILIES = {
    "dirichlet": Family(
        _dirichlet, lambda theta: [mpmath.digamma(a) - mpmath.digamma(mpmath.fsum(theta)) for a in theta]
    ),
    "gamma": Family(_gamma, lambda t: [mpmath.digamma(t[0]) - mpmath.log(-t[1]), -t[0] / t[1]]),
    "poisson": Family(lambda t: mpmath.exp(t[0]), lambda t: [mpmath.exp(t[0])]),
    # of numbers of failures and their like; the number of trials multiplies F and is in the carrier
    "geometric": Family(
        lambda t: None if t[0] >= 0 else -mpmath.log(-mpmath.expm1(t[0])), lambda t: [1 / mpmath.expm1(-t[0])]
    ),
    "von_mises": Family(lambda t: _bessel(0, _norm(t)) + _norm(t), _von_mises_mean),
    "slope": Family(lambda t: mpmath.log(mpmath.expm1(t[0]) / t[0]) if t[0] else mpmath.mpf(0), _slope_mean),
}


def _values(law: Distribution, *names: str) -> list[Real]:
    return [mpmath.mpf(float(torch.as_tensor(getattr(law, name)).reshape(-1)[0])) for name in names]


def _of_gamma(law: Distribution) -> Member:
    a, rate = _values(law, "concentration", "rate")
    return Member("gamma", (), [a, -rate])


def _of_inverse_gamma(law: Distribution) -> Member:
    a, rate = _values(law, "concentration", "rate")
    return Member("gamma", ("1/x",), [a, -rate])


def _of_exponential(law: Distribution) -> Member:
    (rate,) = _values(law, "rate")
    return Member("gamma", (), [mpmath.mpf(1), -rate])


def _of_half_normal(law: Distribution) -> Member:
    (scale,) = _values(law, "scale")
    return Member("gamma", ("x²",), [mpmath.mpf(1) / 2, -1 / (2 * scale**2)])


def _of_weibull(law: Distribution) -> Member:
    scale, shape = _values(law, "scale", "concentration")
    return Member("gamma", ("xᵏ", shape), [mpmath.mpf(1), -(scale**-shape)])


def _of_pareto(law: Distribution) -> Member:
    scale, alpha = _values(law, "scale", "alpha")
    return Member("gamma", ("log x/s", scale), [mpmath.mpf(1), -alpha])


def _of_gumbel(law: Distribution) -> Member:
    loc, scale = _values(law, "loc", "scale")
    return Member("gamma", ("e^(−x/s)", scale), [mpmath.mpf(1), -mpmath.exp(loc / scale)])


def _of_laplace(law: Distribution) -> Member:
    loc, scale = _values(law, "loc", "scale")
    return Member("gamma", ("|x − m|", loc), [mpmath.mpf(1), -1 / scale])


def _of_beta(law: Distribution) -> Member:
    return Member("dirichlet", (2,), _values(law, "concentration1", "concentration0"))


def _of_uniform(law: Distribution) -> Member | None:
    return Member("dirichlet", (2,), [mpmath.mpf(1), mpmath.mpf(1)]) if _values(law, "low", "high") == [0, 1] else None


def _of_dirichlet(law: Distribution) -> Member:
    assert isinstance(law, Dirichlet)
    values = law.concentration.reshape(-1).tolist()
    return Member("dirichlet", (len(values),), [mpmath.mpf(value) for value in values])


def _of_poisson(law: Distribution) -> Member | None:
    (rate,) = _values(law, "rate")
    return Member("poisson", (), [mpmath.log(rate)]) if rate > 0 else None


def _of_geometric(law: Distribution) -> Member | None:
    log_failure = _log_probability(law, "probs", "logits", -1)
    return None if log_failure is None else Member("geometric", (1,), [log_failure])


def _of_negative_binomial(law: Distribution) -> Member | None:
    log_success = _log_probability(law, "probs", "logits", 1)
    (count,) = _values(law, "total_count")
    return None if log_success is None or count <= 0 else Member("geometric", (count,), [log_success])


def _log_probability(law: Distribution, probs: str, logits: str, sign: int) -> Real | None:
    """Log of the probability given, or of one less it for sign −1; None where it is 0 or 1."""
    if probs in vars(law):
        (given,) = _values(law, probs)
        return mpmath.log(given if sign > 0 else 1 - given) if 0 < given < 1 else None
    (logit,) = _values(law, logits)
    return -mpmath.log1p(mpmath.exp(-sign * logit))


def _of_von_mises(law: Distribution) -> Member:
    loc, kappa = _values(law, "loc", "concentration")
    return Member("von_mises", (), [kappa * mpmath.cos(loc), kappa * mpmath.sin(loc)])


def _of_slope(law: Distribution) -> Member | None:
    if "probs" in vars(law):
        (given,) = _values(law, "probs")
        return Member("slope", (), [mpmath.log(given / (1 - given))]) if 0 < given < 1 else None
    return Member("slope", (), _values(law, "logits"))


_MEMBERS: dict[type[Distribution], Callable[[Distribution], Member | None]] = {
    Gamma: _of_gamma,
    Chi2: _of_gamma,
    InverseGamma: _of_inverse_gamma,
    Exponential: _of_exponential,
    HalfNormal: _of_half_normal,
    Weibull: _of_weibull,
    Pareto: _of_pareto,
    Gumbel: _of_gumbel,
    Laplace: _of_laplace,
    Beta: _of_beta,
    Uniform: _of_uniform,
    Dirichlet: _of_dirichlet,
    Poisson: _of_poisson,
    Geometric: _of_geometric,
    NegativeBinomial: _of_negative_binomial,
    VonMises: _of_von_mises,
    ContinuousBernoulli: _of_slope,
}


def family_divergence(name: str, p: Distribution, q: Distribution) -> float | None:
    """D_f(P‖Q) of two laws of one exponential family, or None where there is no closed form.

    Args:
        name: the divergence.
        p: the law of the data, float64.
        q: the law of the model.
    """
    a, factor = ALPHA_OF.get(name, (alpha_parameter(name), 1.0))
    a, factor = {"kl": (1.0, 1.0), "reverse_kl": (0.0, 1.0), "jeffreys": (1.0, 1.0)}.get(name, (a, factor))
    if a is None:
        return None
    a = 0.0 if abs(a) < _LEAST else a
    with mpmath.workdps(_DIGITS + _more_digits(a)):
        first, second = _member(p), _member(q)
        if first is None or second is None:
            return None
        if (first.family, first.carrier) != (second.family, second.carrier):
            return None
        family, times = FAMILIES[first.family], first.carrier[0] if first.family == "geometric" else 1
        pair = first.theta, second.theta
        value = times * _kl(family, *pair) if a == 1 else _alpha(family, mpmath.mpf(a), times, *pair)
        if a == 0:
            value = times * _kl(family, *reversed(pair))
        if name == "jeffreys":
            value += times * _kl(family, *reversed(pair))
        return float(factor * value)


def _more_digits(a: float) -> int:
    least = min(abs(a) or 1.0, abs(1 - a) or 1.0, 1.0)
    return int(-2 * math.log10(least))


def _member(law: Distribution) -> Member | None:
    if isinstance(law, Independent) and law.event_shape.numel() == 1:
        law = law.base_dist
    found = _MEMBERS.get(type(law))
    return None if found is None else found(law)


def _kl(family: Family, p: Sequence[Real], q: Sequence[Real]) -> Real:
    first, second = list(p), list(q)
    if first == second:
        return mpmath.mpf(0)
    f_p, f_q = (mpmath.mpf(family.log_normaliser(theta)) for theta in (first, second))
    return f_q - f_p - mpmath.fdot([b - a for a, b in zip(first, second, strict=True)], family.mean(first))


def _alpha(family: Family, a: Real, times: Real, p: Vector, q: Vector) -> Real:
    if a in (0, 1):
        return mpmath.mpf(0)
    between = family.log_normaliser([a * x + (1 - a) * y for x, y in zip(p, q, strict=True)])
    if between is None:
        return mpmath.inf
    log_integral = between - a * family.log_normaliser(p) - (1 - a) * family.log_normaliser(q)
    return mpmath.expm1(times * log_integral) / (a * (a - 1))
