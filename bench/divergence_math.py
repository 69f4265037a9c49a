"""What the table of divergences needs of calculus: tangents by autograd, directions, and Wright's omega function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

REACH_OF_AUTOGRAD = 25.0
"""Nats: f − r f' of two terms of size r loses eᵛ · 1e−16 of its digits, 1e−5 here."""

Direction = Literal["forward", "reverse", "symmetric"]

_PROBES = (1.0, 2.0, 3.0)  # nats, where f is compared with its mirror image
_LEAST_PROBE = 1e-6
_ROUNDING = 1e-9
_SERIES, _TERMS = 0.05, 16  # |r − 1| max(1, |a|) below which f of alpha(a) comes from its series, to .05¹⁴
_NEWTON_STEPS = 8  # quadratic convergence from a start within a factor 2: float64 precision after 6


def tangent_by_autograd(
    f: Callable[[Tensor], Tensor],
) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """V ↦ f'(eᵛ) and v ↦ f(eᵛ) − eᵛ f'(eᵛ) of an elementwise f, differentiable themselves.

    Computed in float64 whatever the type of v: the terms of the second nearly cancel at large v.
    """

    def value_and_slope(v: Tensor) -> tuple[Tensor, Tensor]:
        r = v.double().exp()
        value, slope, *_ = torch.func.jvp(f, (r,), (torch.ones_like(r),))
        return value, slope

    def slope(v: Tensor) -> Tensor:
        return value_and_slope(v)[1].to(v.dtype)

    def intercept(v: Tensor) -> Tensor:
        value, derivative = value_and_slope(v)
        return (value - v.double().exp() * derivative).to(v.dtype)

    return slope, intercept


def direction_of(f: Callable[[Tensor], Tensor]) -> Direction:
    """Which side's excess an f-divergence weighs more.

    D_f(Q‖P) has the function r f(1/r) for f. Tangents at 1 taken off both, f is compared with it at r > 1. Where f is
    larger, mass of the data that the model lacks weighs more ("forward", mass-covering, like kl); where it is smaller,
    mass of the model that the data lacks ("reverse", mode-seeking, like reverse_kl).
    """
    with torch.enable_grad():
        one = torch.ones(1, dtype=torch.float64, requires_grad=True)
        value = f(one)
        (slope,) = torch.autograd.grad(value.sum(), one)

    def compared(v: Tensor) -> Tensor:
        with torch.no_grad():
            given, mirrored = (f(s) - value - slope * (s - 1) for s in (v.exp(), (-v).exp()))
            mirrored = v.exp() * mirrored
            return (given - mirrored) / (given + mirrored)

    v = torch.tensor(_PROBES, dtype=torch.float64)
    difference = compared(v)
    while not bool(difference.isfinite().all()) and float(v.max()) > _LEAST_PROBE:
        v = v / 2  # f overflows: nearer to 1 it does not
        difference = compared(v)
    mean = float(difference.mean())
    if abs(mean) < _ROUNDING:
        return "symmetric"
    return "forward" if mean > 0 else "reverse"


def power_over(v: Tensor, b: float) -> Tensor:
    """(e^(bv) − 1)/b, and v for b = 0, without cancellation."""
    return v if b == 0 else torch.expm1(b * v) / b


def alpha_of_ratio(r: Tensor, a: float) -> Tensor:
    """f(r) = (rᵃ − 1 − a(r − 1)) / (a(a − 1)) of the alpha family, with its limits at a = 0 and 1.

    With (rᵇ − 1)/b in one piece it does not cancel for a near 0 or 1. Near r = 1 it comes from its binomial series.
    """
    x = r - 1
    near = x.abs() * max(1.0, abs(a)) < _SERIES
    small = torch.where(near, x, 0.0)
    series, coefficient = torch.zeros_like(r), 0.5
    coefficients = []
    for k in range(2, _TERMS):
        coefficients.append(coefficient)
        coefficient *= (a - k) / (k + 1)
    for coefficient in reversed(coefficients):
        series = coefficient + small * series
    far = torch.where(near, 2.0, r)
    v = far.log()
    if a < 0.5:
        whole = (power_over(v, a) - (far - 1)) / (a - 1)
    else:
        grown = torch.where(far == 0, 0.0, far * power_over(torch.where(far == 0, 0.0, v), a - 1))
        whole = (grown - (far - 1)) / a
    return torch.where(near, small.square() * series, whole)


def log_wright_omega(y: Tensor) -> Tensor:
    """U = log ω(y), the solution of u + eᵘ = y, elementwise for real y; W(eʸ) = ω(y) for Lambert's W.

    Newton's iteration from u ≈ y (y < 1) or u ≈ log y. The last step alone is differentiable: it carries the exact
    first derivative 1/(1 + ω).
    """
    with torch.no_grad():
        u = torch.where(y < 1, y.clamp(max=0), y.clamp(min=1).log())
        for _ in range(_NEWTON_STEPS):
            w = u.exp()
            u = u - (u + w - y) / (1 + w)
        w = u.exp()
    return u - (u + w - y) / (1 + w)


def fenchel_jeffreys(v: Tensor) -> tuple[Tensor, Tensor]:
    """T = V and f*(T) = ω + 1/ω + T − 2 with ω = ω(1 − T), for f(r) = (r − 1) log r."""
    u = log_wright_omega(1 - v)
    return v, u.exp() + (-u).exp() + v - 2
