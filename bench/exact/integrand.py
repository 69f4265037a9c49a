"""An f-divergence as an expectation of non-negative terms under the even mixture of its two laws.

With m = (p + q)/2, v = log p/q and f̃(r) = f(r) − f(1) − f'(1)(r − 1), the part of f above its tangent at 1,

    D_f(P‖Q) = f(1) + E_Q[f̃(p/q)] = f(1) + E_m[h(v)],      h(v) = 2 f̃(eᵛ)/(1 + eᵛ) ≥ 0:

the tangent has expectation 0, so that nothing cancels, and h is bounded wherever the divergence is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.polynomial.chebyshev import Chebyshev
from numpy.polynomial.legendre import leggauss
from torch import Tensor
from torch.nn import functional as F

from bench.divergences import Divergence

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Elementwise = Callable[[Tensor], Tensor]

_NEAR = (0.5, 0.1, 0.02)  # |v| below which f̃ comes from its second derivative: the largest of these that will do
_DEGREE, _NODES = 15, 12  # of the polynomial there, and of Gauss's rule behind it
_AGREES = 1e-9
_STRAIGHT = 2.0**-50  # times w: what rounding makes of the difference of logs of exponentials of w


def at_equality(d: Divergence) -> float:
    """f(1), the divergence of a law from itself."""
    one = torch.zeros((), dtype=torch.float64)
    return float(d.slope(one) + d.intercept(one))


def has_kink(d: Divergence) -> bool:
    """Whether f' jumps at r = 1, as that of total_variation does."""
    step = torch.tensor([-1e-9, 0.0, 1e-9], dtype=torch.float64)
    slope = d.slope(step)
    return bool((slope[2] - slope[0]).abs() > 1e-4)


@lru_cache(maxsize=64)  # a divergence of many coordinates needs it for each
def log_excess(d: Divergence) -> Elementwise:
    """Give v ↦ log h(v), float64, elementwise; v may be ±inf."""
    zero = torch.zeros((), dtype=torch.float64)
    slope, intercept = d.slope(zero), d.intercept(zero)
    # f̃(eᵛ)/eᵛ for v > 0 and f̃(eᵛ) for v < 0: the same form, with the slope and the intercept in each other's place
    above = _one_sided(lambda w: d.slope(w) - slope, lambda w: d.intercept(w) - intercept)
    below = _one_sided(lambda w: d.intercept(-w) - intercept, lambda w: d.slope(-w) - slope)
    limit, near = _near_equality(d, above, below)

    def value(v: Tensor) -> Tensor:
        size = v.abs()
        scaled = torch.where(v > 0, above(size), below(size))
        if near is not None:
            close = (size <= limit).nonzero(as_tuple=True)
            scaled[close] = near(v[close])
        return scaled + math.log(2.0) - F.softplus(-size)

    return value


def _one_sided(leading: Elementwise, other: Elementwise) -> Elementwise:
    """W ≥ 0 ↦ log(leading(w) + e⁻ʷ other(w)), continued in w where a term overflows."""
    edge = _last_finite(leading, other)
    end = torch.tensor([edge / 2, edge - 2, edge - 1, edge], dtype=torch.float64)
    log_rest = (-other(end)).log() - end
    rest_rate = _rate(log_rest, edge).nan_to_num()
    continued, limit = _extrapolate(leading(end), edge), _limit(leading, edge)

    def value(w: Tensor) -> Tensor:
        inside = w.clamp(max=edge)
        within = (leading(inside) + (-inside).exp() * other(inside)).clamp(min=0).log()
        if bool((w <= edge).all()):
            return within
        plain = leading(w)
        lead = torch.where(plain.isfinite(), plain.log(), continued(w))
        rest = log_rest[-1] + rest_rate * (w - edge)
        beyond = lead + torch.log1p(-(rest - lead).exp().clamp(max=1).nan_to_num(0.0))
        return torch.where(w <= edge, within, torch.where(w.isinf(), limit, beyond))

    return value


def _extrapolate(last: Tensor, edge: float) -> Elementwise:
    """Log of an increasing function beyond the edge, from its values at half of it and one apart up to there.

    It grows exponentially, or linearly as a logarithm of r does, or not at all: its last differences tell.
    """
    _, first, second, third = last
    before, rise = second - first, third - second
    if bool(rise > 1.0001 * before):
        rate = _rate(last.log(), edge)
        return lambda w: third.log() + rate * (w - edge)
    return lambda w: (third + rise * (w - edge)).log()


def _rate(logs: Tensor, edge: float) -> Tensor:
    """Slope at the edge: over half of the way there if it is the same to rounding, which beyond is multiplied by w."""
    near, far = logs[-1] - logs[-2], (logs[-1] - logs[0]) / (edge / 2)
    return torch.where((near - far).abs() <= _STRAIGHT * edge, far, near)


def _last_finite(leading: Elementwise, other: Elementwise) -> float:
    edge = 300.0
    while edge > 1:
        at = torch.tensor([edge], dtype=torch.float64)
        if bool(leading(at).isfinite() & other(at).isfinite()):
            return edge
        edge /= 2
    return edge


def _limit(leading: Elementwise, edge: float) -> Tensor:
    """Log of the limit of an increasing function: itself at infinity, or, where that is NaN, by its growth."""
    at = torch.tensor([math.inf, edge, edge / 2], dtype=torch.float64)
    infinity, last, half = leading(at[:1]), leading(at[1:2]), leading(at[2:])
    if not bool(infinity.isnan()):
        return infinity.log().squeeze()
    grows = bool(last > 1.5 * half)
    return torch.tensor(math.inf, dtype=torch.float64) if grows else last.log().squeeze()


def _near_equality(d: Divergence, above: Elementwise, below: Elementwise) -> tuple[float, Elementwise | None]:
    """A limit of |v| and, up to there, v ↦ log of f̃(eᵛ)/max(1, eᵛ) without cancellation; None if f is not smooth.

    f̃(eᵛ) = ∫₀ᵛ s'(u)(eᵛ − eᵘ) du for the slope s(u) = f'(eᵘ): all factors are exact to rounding. Over v² it is smooth,
    and a polynomial stands for it.
    """
    over_square = _over_square(d.slope)
    for limit in _NEAR:
        try:
            polynomial = Chebyshev.interpolate(over_square, _DEGREE, domain=[-limit, limit])  # type: ignore[arg-type]
        except RuntimeError:  # f has no second derivative for autograd
            break

        def value(v: Tensor, fitted: Chebyshev = polynomial) -> Tensor:
            return torch.as_tensor(fitted(v.numpy())).clamp(min=0).log() + 2 * v.abs().log() - v.clamp(min=0)

        test = limit * torch.tensor([-0.99, -0.8, -0.6, 0.6, 0.8, 0.99], dtype=torch.float64)
        direct = torch.where(test > 0, above(test.abs()), below(test.abs()))
        small = np.array([-1e-3, 1e-3]) * limit
        with np.errstate(invalid="ignore", divide="ignore"):
            fits = np.abs(polynomial(small) / over_square(small) - 1).max() < _AGREES
        if fits and bool(((value(test) - direct).abs() < _AGREES).all()):
            return limit, value
    return 0.0, None


def _over_square(slope: Elementwise) -> Callable[[Floats], Floats]:
    """V ↦ f̃(eᵛ)/v², v ≠ 0."""
    at, weights = leggauss(_NODES)
    y, weight = torch.as_tensor((at + 1) / 2), torch.as_tensor(weights / 2)

    def value(at: Floats) -> Floats:
        v = torch.as_tensor(at)[:, None]
        u = v * y
        with torch.enable_grad():
            u.requires_grad_()
            (rise,) = torch.autograd.grad(slope(u).sum(), u)
        terms = weight * rise * u.detach().exp() * torch.expm1(v * (1 - y)) / v
        summed: Floats = terms.sum(1).numpy()
        return summed

    return value
