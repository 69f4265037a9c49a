"""The integrand of a divergence between two laws, in the charts of all their parts.

D_f(P‖Q) = f(1) + E_m[h(v)] is a sum over the parts k of both laws, of weight w_k in m: Σ_k w_k E_{c_k}[h(v)]. Each
expectation is integrated in coordinates in which its own part is smooth and of unit size; the weights sum to one, and
so do the expectations of dm/dm = 1 and of p/m over them, which checks the whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.exact.charts import Charts
from bench.exact.generic import check_log_density
from bench.exact.integrand import Elementwise
from bench.exact.parts import Parts

_NEVER = -700.0  # log probability below which a point cannot make the value infinite: its log density has overflowed


@dataclass(frozen=True)
class Problem:
    """Two laws as parts, and h.

    Attributes:
        p: parts of the law of the data.
        q: parts of the law of the model.
        log_excess: v ↦ log h(v).
        charts: of all parts, those of p first.
        log_weight: of all parts in m, shape (K,).
    """

    p: Parts
    q: Parts
    log_excess: Elementwise
    charts: Charts
    log_weight: Tensor

    @staticmethod
    def of(p: Parts, q: Parts, log_excess: Elementwise) -> Problem:
        """Put two laws together."""
        log_weight = torch.cat([p.log_weight, q.log_weight]) - math.log(2)
        return Problem(p, q, log_excess, Charts.of(p, q), log_weight)

    def densities(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Log densities of all parts at x, shape (K, n), and v = log p/q, shape (n,).

        Raises:
            ArgumentError: if a density is infinite or no number.
        """
        each_p, each_q = self.p.log_density(x), self.q.log_density(x)
        log_p, log_q = (_log_sum(each, parts.log_weight) for each, parts in ((each_p, self.p), (each_q, self.q)))
        for role, at in (("p", log_p), ("q", log_q)):
            check_log_density(role, at, x)
        v = torch.where(log_p == log_q, 0.0, log_p - log_q)  # also where both are −inf
        return torch.cat([each_p, each_q]), v

    def log_terms(self, owner: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logs of the mass w c |dx/dt| that a part has at t and of the integrand there, and v; shape (n,) each."""
        x, log_slope = self.charts.points(owner, t)
        each, v = self.densities(x)
        log_mass = self.log_weight[owner] + each[owner, torch.arange(len(t))] + log_slope
        return log_mass, self.weigh(log_mass, v), v

    def weigh(self, log_mass: Tensor, v: Tensor) -> Tensor:
        """Log of mass · h(v): 0 where there is no mass."""
        log_h = self.log_excess(v)
        nothing = (log_mass == -torch.inf) | ((log_h == torch.inf) & (log_mass < _NEVER))
        return torch.where(nothing, -torch.inf, log_mass + log_h)


def _log_sum(each: Tensor, log_weight: Tensor) -> Tensor:
    """Log density (n,) of a mixture from those of its parts (K, n)."""
    weighted = each + log_weight[:, None]
    return weighted[0] if len(weighted) == 1 else torch.logsumexp(weighted, 0)
