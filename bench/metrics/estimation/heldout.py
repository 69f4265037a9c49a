"""The variational bound of a divergence at held-out points, with limits on the log-ratio and a standard error."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from bench.divergences import Divergence
from bench.metrics.estimation.estimators import Value
from bench.metrics.estimation.ratio import LogRatios

Elementwise = Callable[[Tensor], Tensor]

_LARGEST_EXPONENT = 150.0  # so that even the fourth power of a term is a float64
_SATURATED = 0.1  # share of a sample; tails of Gaussian pairs 2 nats apart hold at most 0.065 of it at n = 10,000
_WITNESSES = 10  # points that must reach as far as v is believed


def heldout_bound(d: Divergence, ratios: LogRatios) -> Value:
    """The bound E_P[f'(r)] + E_Q[f(r) − r f'(r)] at held-out points, and its standard error.

    The bound holds for any r that is independent of the points, so v = log r is first limited to a range, for each
    fold, in which validation found it to be worth its risk: a single point with a wild v can ruin an estimate of, say,
    kl, which has eᵛ under Q. Nor is it believed farther than ten points of P in validation reach (of Q, below zero), so
    that an outlier of one sample decides nothing. Ratios beyond the number of points are extrapolated, which serves
    where they belong to the tails of the samples. Where more than a tenth of a sample is said to lie there, n points
    cannot vouch for it (no bound that holds with high probability exceeds O(log n) nats, McAllester & Stratos 2020):
    then v is kept within log n, and the estimate saturates there.

    The standard error adds to the sampling variance of both means what samples of this size fail to meet at all: see
    `_estimate_unseen`. Without it the error of a heavy-tailed mean is mostly understated.

    Args:
        d: what to estimate.
        ratios: held-out log-ratios.
    """
    reach = find_reach(d)
    v_p, v_q, validation_p, validation_q = (
        v.clamp(-reach, reach) for v in (ratios.p, ratios.q, ratios.validation_p, ratios.validation_q)
    )
    slope, intercept = d.slope, d.intercept
    upper = _choose_upper_limit(slope, intercept, validation_p, validation_q)
    lower = -_choose_upper_limit(_mirror(intercept), _mirror(slope), -validation_q, -validation_p)
    upper = torch.minimum(upper, _find_largest_credible(d, validation_p, v_q.numel()))
    lower = -torch.minimum(-lower, _find_largest_credible(d, -validation_q, v_p.numel()))
    v_p, v_q = (v.clamp(lower, upper).flatten() for v in (v_p, v_q))
    return compute_bound(d, v_p, v_q)


def find_reach(d: Divergence) -> float:
    """The largest |v| at which the terms of the bound and their squares are numbers."""
    return min(_LARGEST_EXPONENT / max(d.order, 1.0), d.reach)


def compute_bound(d: Divergence, v_p: Tensor, v_q: Tensor) -> Value:
    """The bound at given log-ratios, within `find_reach`, with the standard error that `heldout_bound` tells of.

    Args:
        d: what to estimate.
        v_p: log-ratios at points of P, shape (n,), float64.
        v_q: at points of Q, shape (m,).
    """
    at_p, at_q = d.slope(v_p), d.intercept(v_q)
    variance = at_p.var() / len(at_p) + at_q.var() / len(at_q)
    unseen = (_estimate_unseen(d.intercept, v_p, v_q), _estimate_unseen(_mirror(d.slope), -v_q, -v_p))
    stderr = math.sqrt(float(variance) + sum(mass**2 for mass in unseen))
    return Value(float(at_p.mean() + at_q.mean()), stderr)


def _mirror(term: Elementwise) -> Elementwise:
    """The same term as a function of −v: what turns lower limits into upper ones, with the roles of P and Q swapped."""
    return lambda v: term(-v)


def _find_largest_credible(d: Divergence, v_p: Tensor, others: int) -> Tensor:
    """The largest v to believe, shape (F, 1): as far as ten points reach, or log n if too many lie beyond that.

    Half of log n where the bound has squares of r.

    Args:
        d: the divergence.
        v_p: log-ratios in validation at points of P, shape (F, n).
        others: number of points of Q.
    """
    limit = math.log(others) / max(d.order, 1.0)
    beyond = (v_p > limit).double().mean(1, keepdim=True)
    witnessed = v_p.topk(min(_WITNESSES, v_p.shape[1]), dim=1).values[:, -1:]
    return torch.where(beyond > _SATURATED, limit, witnessed.clamp(min=0))


def _choose_upper_limit(slope: Elementwise, intercept: Elementwise, v_p: Tensor, v_q: Tensor) -> Tensor:
    """The upper limit on v that gains the bound most, less one standard error of the gain, in validation.

    With nothing to gain that is the largest v that validation met.

    Args:
        slope: the term of the bound at points of P.
        intercept: the term at points of Q.
        v_p: log-ratios in validation at points of P, shape (F, n).
        v_q: at points of Q, shape (F, m).

    Returns:
        Not below 0, shape (F, 1).
    """
    v, order = torch.cat([v_p, v_q], 1).sort(1)
    from_p = order < v_p.shape[1]
    gain_p, variance_p = _measure_gain(slope(v), from_p)
    gain_q, variance_q = _measure_gain(intercept(v), ~from_p)
    score = gain_p + gain_q - (variance_p + variance_q).clamp(min=0).sqrt()
    allowed = v > 0
    allowed[:, -1] = True
    best = torch.where(allowed, score, -math.inf).argmax(1, keepdim=True)
    return v.gather(1, best).clamp(min=0)


def _measure_gain(term: Tensor, members: Tensor) -> tuple[Tensor, Tensor]:
    """How much the mean of a term gains if v is limited at each point in turn, and the variance of that gain.

    Args:
        term: at all points, in ascending order of v, shape (F, n).
        members: which of them the mean is over, shape (F, n).
    """
    weight = members.double() / members.sum(1, keepdim=True)
    count, first, second = (_sum_beyond(weight * power) for power in (torch.ones_like(term), term, term**2))
    return term * count - first, (term**2 * count - 2 * term * first + second) / members.sum(1, keepdim=True)


def _sum_beyond(values: Tensor) -> Tensor:
    """At each position of the last dimension, the sum of all values after it."""
    following = values.flip(-1).cumsum(-1).flip(-1)[..., 1:]
    return torch.cat([following, torch.zeros_like(values[..., :1])], -1)


def _estimate_unseen(intercept: Elementwise, v_p: Tensor, v_q: Tensor) -> float:
    """How much of the mean of the intercept under Q lies where less than one point of Q is expected.

    That part, at large v, is most likely missed, and the mean is most likely too high by about as much. Points of P
    show it: where v = log p/q, the mixture of both samples has mass 1/(n eᵛ + m) under Q at each of its points.

    Args:
        intercept: the term of the bound under Q, falling in v.
        v_p: log-ratios at points of P, shape (n,).
        v_q: at points of Q, shape (m,).
    """
    n, m = len(v_p), len(v_q)
    v = torch.cat([v_p, v_q]).sort().values
    mass = 1 / (n * v.exp() + m)
    term = intercept(v)
    rare = _sum_beyond(mass) < 1 / m
    edge = term[rare][0]  # the last point is rare: nothing lies beyond it
    return float((mass * (edge - term))[rare].sum())
