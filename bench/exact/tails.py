"""Whether an integral converges, seen at the far ends of every chart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.exact.problem import Problem

_SHRUNK = (1.0, 0.9)  # how far out the integrand is looked at, as shares of the range
_ALONG = 65  # points along each side of a square
_FLAT, _FAR = 1e-4, 100.0  # rate in t that is none, and how far out that can be told
_LOGARITHM = 2.0  # times 1/t: rate of powers of a logarithm of x, which decide nothing
_NOTHING = -650.0  # log of an integrand that is zero for all purposes


@dataclass(frozen=True)
class Tails:
    """What lies beyond the range of the charts.

    Attributes:
        infinite: whether the integrand ceases to decay somewhere.
        log_rest: log of an estimate of the integral beyond the range.
    """

    infinite: bool
    log_rest: float


def look_at_tails(problem: Problem) -> Tails:
    """Compare the largest integrand on the border of every chart's range with that a little further in."""
    outer, inner = (_largest(problem, share) for share in _SHRUNK)  # (K, sides)
    start, stop = problem.charts.limits()
    reach = torch.cat([start.abs(), stop.abs()], 1)
    rate = torch.where(outer == inner, 0.0, outer - inner) / ((_SHRUNK[0] - _SHRUNK[1]) * reach)
    present = outer > _NOTHING
    flat = (rate.abs() < _FLAT) & (reach > _FAR)
    if bool((present & (flat | (rate > _LOGARITHM / reach))).any()):
        return Tails(True, math.inf)
    rest = torch.where(present, outer - (-rate).clamp(min=1e-3).log(), -torch.inf)
    return Tails(False, float(torch.logsumexp(rest.flatten(), 0)))


def _largest(problem: Problem, share: float) -> Tensor:
    """Largest log integrand on each side of every range shrunk to a share of itself, (K, 2d), lower sides first."""
    start, stop = problem.charts.limits()
    count, d = start.shape
    sides = []
    for end in (share * start, share * stop):
        for axis in range(d):
            t = torch.stack([_along(share * start[:, other], share * stop[:, other]) for other in range(d)], 2)
            if d == 1:
                t = t[:, :1]
            t[:, :, axis] = end[:, axis, None]
            owner = torch.arange(count).repeat_interleave(t.shape[1])
            _, log_value, _ = problem.log_terms(owner, t.flatten(0, 1))
            sides.append(log_value.reshape(count, -1).amax(1))
    return torch.stack(sides, 1)


def _along(start: Tensor, stop: Tensor) -> Tensor:
    """Points from start to stop (K,), shape (K, n): close to both ends and to 0, where other directions are seen."""
    near = torch.linspace(0.0, 12.0, _ALONG // 2, dtype=torch.float64)
    even = torch.linspace(0.0, 1.0, _ALONG, dtype=torch.float64)
    spread = start[:, None] + (stop - start)[:, None] * even
    rows = [
        spread,
        start[:, None] + near,
        stop[:, None] - near,
        near.expand(len(start), -1),
        -near.expand(len(start), -1),
    ]
    return torch.minimum(torch.maximum(torch.cat(rows, 1), start[:, None]), stop[:, None])
