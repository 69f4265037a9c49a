"""The bound at the true ratio: what a perfect critic would say of the same points."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bench.convergence import TRUE_RATIO
from bench.divergences import Divergence
from bench.metrics.estimation.estimators import Value, register_estimator
from bench.metrics.estimation.heldout import compute_bound, find_reach

_SAME = 1e-9  # a term that changes by no more between half of the largest |v| and that has reached its limit


@register_estimator(TRUE_RATIO, version=1, given="log_ratios")
def true_ratio(
    v_p: Tensor, v_q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator
) -> dict[str, Value]:
    """The bound at the true log p/q of the same points: no estimate, but as far as a perfect critic would get.

    It is unbiased (Ryu 2025, sec. 3.2: the bound is tight at r = p/q), so its distance from the exact value is the
    sample's own; with heavy tails of r it is more often above than below, as they are missed. Where a law is infinite
    on what the other misses, so is the bound, and it has no standard error.
    """
    return {d.name: _compute_bound(d, v_p.double(), v_q.double()) for d in divergences}


def _compute_bound(d: Divergence, v_p: Tensor, v_q: Tensor) -> Value:
    if _is_infinite(d.slope, v_p, d) or _is_infinite(d.intercept, v_q, d):
        return Value(math.inf, None)
    reach = find_reach(d)
    return compute_bound(d, v_p.clamp(-reach, reach), v_q.clamp(-reach, reach))


def _is_infinite(term: Callable[[Tensor], Tensor], v: Tensor, d: Divergence) -> bool:
    """Whether there is an infinite v at which the term has no limit: where it still changes as far as numbers reach."""
    reach = find_reach(d)
    ends = v[v.isinf()].clamp(-reach, reach)
    return bool(((term(ends) - term(ends / 2)).abs() > _SAME).any())
