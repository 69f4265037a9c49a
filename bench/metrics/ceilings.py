"""The most that an estimate of a divergence from n points can say, and how much of it is reached."""

from __future__ import annotations

import math

import torch

from bench.divergences import Divergence

AT_CEILING = 0.02
"""An estimate within this share of its ceiling, or within three standard errors, is at it."""
_STANDARD_ERRORS = 3.0
_LARGEST_EXPONENT = 150.0


def compute_ceiling(d: Divergence, n_p: int, n_q: int) -> float:
    """The bound where held-out points are told apart perfectly, and n points vouch for no more than log n.

    It is E_P[f'(r)] + E_Q[f(r) − r f'(r)] with log r = log m at all n points of P and −log n at all m of Q, divided by
    the order of r in the bound where that is above 1: 1 + log m − 1/n for kl, 2 log 2 less log (1 + 1/n)(1 + 1/m) for
    js. See `bench.metrics.estimation.heldout` for why v is kept within log n.

    Args:
        d: the divergence.
        n_p: n, points of P.
        n_q: m, points of Q.
    """
    order = max(d.order, 1.0)
    most = min(_LARGEST_EXPONENT / order, d.reach)
    upper, lower = (min(math.log(n) / order, most) for n in (n_q, n_p))
    v_p, v_q = (torch.tensor([v], dtype=torch.float64) for v in (upper, -lower))
    return float(d.slope(v_p) + d.intercept(v_q))


def measure_reach(d: Divergence, value: float, stderr: float | None, n_p: int, n_q: int) -> float:
    """How much of its ceiling an estimate reaches, in [0, 1], from the divergence's lower end.

    Exactly 1 stands for an estimate at its ceiling up to its error: then it is a bound from below and nothing more.

    Args:
        d: the divergence.
        value: its estimate.
        stderr: the standard error of it; None where there is none.
        n_p: points of P behind it.
        n_q: points of Q behind it.
    """
    ceiling = compute_ceiling(d, n_p, n_q)
    room = max(_STANDARD_ERRORS * (stderr or 0.0), AT_CEILING * (ceiling - d.lower))
    if value >= ceiling - room:
        return 1.0
    return max(0.0, (value - d.lower) / (ceiling - d.lower))
