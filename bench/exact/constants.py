"""Normalising constants to full precision, by arbitrary-precision arithmetic where float64 would cancel."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import mpmath  # type: ignore[import-untyped]
import torch
from torch import Tensor

Real: TypeAlias = Any  # a number of mpmath, which has no types
_DIGITS = 60


def precisely(function: Callable[..., Real], *parameters: Tensor) -> Tensor:
    """An elementwise function of parameters that broadcast, evaluated with 60 digits and rounded once."""
    spread = torch.broadcast_tensors(*parameters)  # type: ignore[no-untyped-call]
    rows = torch.stack([values.reshape(-1) for values in spread], 1).tolist()
    known: dict[tuple[float, ...], float] = {}
    with mpmath.workdps(_DIGITS):
        for row in map(tuple, rows):
            if row not in known:
                known[row] = float(function(*map(mpmath.mpf, row)))
    return torch.tensor([known[tuple(row)] for row in rows], dtype=torch.float64).reshape(spread[0].shape)


def gamma_constant(a: Tensor) -> Tensor:
    """Log of aᵃ e⁻ᵃ / Γ(a)."""
    return precisely(lambda a: a * mpmath.log(a) - a - mpmath.loggamma(a), a)


def beta_constant(a: Tensor, b: Tensor, m: Tensor, rest: Tensor) -> Tensor:
    """Log of mᵃ restᵇ / B(a, b)."""
    return precisely(lambda a, b, m, r: a * mpmath.log(m) + b * mpmath.log(r) - log_beta(a, b), a, b, m, rest)


def log_beta(a: Real, b: Real) -> Real:
    """Log B(a, b)."""
    return mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)


def student_constant(df: Tensor) -> Tensor:
    """Log density of Student's law at its middle, for scale 1."""
    return precisely(
        lambda v: mpmath.loggamma((v + 1) / 2) - mpmath.loggamma(v / 2) - mpmath.log(v * mpmath.pi) / 2, df
    )


def fisher_constant(d1: Tensor, d2: Tensor) -> Tensor:
    """Minus log B(d₁/2, d₂/2)."""
    return precisely(lambda a, b: -log_beta(a / 2, b / 2), d1, d2)


def von_mises_constant(kappa: Tensor) -> Tensor:
    """Minus log 2π I₀(κ) e^(−κ)."""
    bessel: Tensor = torch.special.i0e(kappa)
    return -bessel.log() - math.log(2 * math.pi)


def continuous_bernoulli_constant(logit: Tensor) -> Tensor:
    """Minus log ∫₀¹ e^(ηx) dx for η the logit."""
    return precisely(lambda eta: -mpmath.log(mpmath.expm1(eta) / eta) if eta else mpmath.mpf(0), logit)


def log_ratio_constant(m: Tensor, log_m: Tensor) -> Tensor:
    """What rounding made of m = e^log_m: log m − log_m."""
    return precisely(lambda m, log_m: mpmath.log(m) - log_m, m, log_m)
