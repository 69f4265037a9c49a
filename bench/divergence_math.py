"""Two pieces of calculus that the table of divergences needs: tangents by autograd, and Wright's omega function."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_NEWTON_STEPS = 8  # quadratic convergence from a start within a factor 2: float64 precision after 6


def tangent_by_autograd(
    f: Callable[[Tensor], Tensor],
) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """V ↦ f'(eᵛ) and v ↦ f(eᵛ) − eᵛ f'(eᵛ) of an elementwise f, differentiable themselves."""

    def value_and_slope(v: Tensor) -> tuple[Tensor, Tensor]:
        r = v.exp()
        value, slope, *_ = torch.func.jvp(f, (r,), (torch.ones_like(r),))
        return value, slope

    def slope(v: Tensor) -> Tensor:
        return value_and_slope(v)[1]

    def intercept(v: Tensor) -> Tensor:
        value, derivative = value_and_slope(v)
        return value - v.exp() * derivative

    return slope, intercept


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
