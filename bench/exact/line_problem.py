"""The integrands of a divergence between two laws on a line."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.divergences import Divergence
from bench.exact.generic import check_log_density
from bench.exact.integrand import Elementwise
from bench.exact.lines import Line
from bench.exact.panels import Panels

_NEVER = -700.0  # log mass below which a point cannot make the value infinite: a log density has overflowed
_SHRUNK = 0.9  # how far out tails are looked at once more, as a share of the range
_NOTHING = -650.0  # log of an integrand that is zero for all purposes
_FLAT = 0.01  # over t: rate of decay that is none; powers of a logarithm change it by multiples of 1/t

OUTPUTS = 4  # of the integrand: the value, the masses of p and q, and what a relative error of a density would change


@dataclass(frozen=True)
class Tails:
    """What lies beyond the ranges of all panels.

    Attributes:
        infinite: whether the integrand ceases to decay somewhere.
        rest: an estimate of the integral out there.
    """

    infinite: bool
    rest: float


@dataclass(frozen=True)
class LineProblem:
    """Two laws in the coordinates of some panels.

    D_f(P‖Q) = f(1) + ∫ m(x) h(v(x)) dx, m = (p + q)/2 and v = log p/q.
    """

    d: Divergence
    p: Line
    q: Line
    log_excess: Elementwise
    panels: Panels

    def densities(self, owner: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log densities in t of p and q, and v = log p/q, shape (n,) each.

        Raises:
            ArgumentError: if a density is infinite or no number.
        """
        points, log_slope = self.panels.points(owner, t)
        both = []
        for role, law in (("p", self.p), ("q", self.q)):
            at = law.log_density(points)
            check_log_density(role, at, points.x)
            both.append(at)
        v = torch.where(both[0] == both[1], 0.0, both[0] - both[1])  # also where both are −inf
        return both[0] + log_slope, both[1] + log_slope, v

    def log_value(self, log_p: Tensor, log_q: Tensor, v: Tensor) -> Tensor:
        """Log of m h(v): −inf where there is no mass."""
        log_m, log_h = torch.logaddexp(log_p, log_q) - math.log(2), self.log_excess(v)
        nothing = (log_m == -math.inf) | ((log_h == math.inf) & (log_m < _NEVER))
        return torch.where(nothing, -math.inf, log_m + log_h)

    def terms(self, owner: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """All integrands (n, 4), and v where it matters."""
        log_p, log_q, v = self.densities(owner, t)
        p, q = log_p.exp(), log_q.exp()
        change = p * (self.d.slope(v) - self.d.slope(torch.zeros_like(v[:1]))).abs()
        change = change.nan_to_num(0.0, 0.0) + (
            q * (self.d.intercept(v) - self.d.intercept(torch.zeros_like(v[:1]))).abs()
        ).nan_to_num(0.0, 0.0)
        level = torch.where(p + q > 0, v, 0.0)  # where there is no mass it is noise
        return torch.stack([self.log_value(log_p, log_q, v).exp(), p, q, change], 1), level

    def masses(self, owner: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """The same without value and change."""
        log_p, log_q, v = self.densities(owner, t)
        nothing = torch.zeros_like(v)
        return torch.stack([nothing, log_p.exp(), log_q.exp(), nothing], 1), v

    def tails(self) -> Tails:
        """Compare the integrand at every end of a range with that a little further in."""
        owner = torch.arange(len(self.panels))
        infinite, rest = False, 0.0
        for end, deep in ((self.panels.start, self.panels.deep_start), (self.panels.stop, self.panels.deep_stop)):
            chosen = owner[deep]
            reach = end[deep]
            outer, inner = (self.log_value(*self.densities(chosen, share * reach)) for share in (1.0, _SHRUNK))
            rate = torch.where(outer == inner, 0.0, outer - inner) / ((1 - _SHRUNK) * reach.abs())
            present = outer > _NOTHING
            infinite |= bool((present & (rate > -_FLAT / reach.abs())).any())
            beyond = torch.where(present, (outer - (-rate).clamp(min=1e-300).log()).clamp(max=700).exp(), 0.0)
            rest += float(beyond.sum())
        return Tails(infinite, rest)
