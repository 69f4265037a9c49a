"""Divergences of discrete laws on finitely many points, as sums."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Binomial,
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    OneHotCategorical,
)

from bench.divergences import Divergence
from bench.errors import ArgumentError
from bench.exact.counts import add_up_counts, is_unbounded
from bench.exact.integrand import at_equality, log_excess
from bench.exact.line_of import log_weights
from bench.exact.value import Exact

_MOST_POINTS = 2**20


def add_up(d: Divergence, p: Distribution, q: Distribution) -> Exact:
    """D_f(P‖Q) = f(1) + Σ m h(v) over the points of both laws.

    Raises:
        ArgumentError: if there is no finite list of them, or they are not the same.
    """
    if is_unbounded(p) or is_unbounded(q):
        return add_up_counts(d, p, q)
    points, log_p = _masses(p, "p")
    others, log_q = _masses(q, "q")
    if points.shape != others.shape or not bool((points == others).all()):
        raise ArgumentError(
            f"exact_divergence('{d.name}'): p has {len(points)} points and q {len(others)}; expected two laws on the "
            "same points"
        )
    v = torch.where(log_p == log_q, 0.0, log_p - log_q)
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    terms = torch.where(log_m == -torch.inf, -torch.inf, log_m + log_excess(d)(v))
    return Exact(min(at_equality(d) + math.fsum(terms.exp().tolist()), d.upper), "sum")


def _masses(law: Distribution, role: str) -> tuple[Tensor, Tensor]:
    """All points, (s, ...), and their log probabilities, (s,)."""
    if isinstance(law, MixtureSameFamily):
        points, each = _component_masses(law.component_distribution, role)
        return points, torch.logsumexp(each + log_weights(law).reshape(-1), 1)
    if isinstance(law, Independent):
        return _joint_masses(law, role)
    return _points(law, role), _log_probabilities(law, role).reshape(-1)


def _component_masses(laws: Distribution, role: str) -> tuple[Tensor, Tensor]:
    """All points of a batch of K laws, (s, ...), and their log probabilities under each, (s, K)."""
    if not isinstance(laws, Independent):
        each = _log_probabilities(laws, role)
        return _points(laws, role), each.reshape(len(each), -1)
    points, each = _points(laws.base_dist, role), _log_probabilities(laws.base_dist, role)
    count = laws.event_shape.numel()
    _check_number(len(points), count, role)
    grid = torch.cartesian_prod(*[torch.arange(len(points))] * count).reshape(-1, count)
    each = each.reshape(len(each), -1, count)
    joint = torch.stack([each[grid[:, axis], :, axis] for axis in range(count)]).sum(0)
    return points.reshape(-1)[grid], joint


def _check_number(points: int, count: int, role: str) -> None:
    if points**count > _MOST_POINTS:
        raise ArgumentError(
            f"exact_divergence: {role} has {points}^{count} points; expected at most {_MOST_POINTS} to sum over"
        )


def _joint_masses(law: Independent[Distribution], role: str) -> tuple[Tensor, Tensor]:
    """Of independent coordinates: every choice of one point for each."""
    points, each = _points(law.base_dist, role), _log_probabilities(law.base_dist, role)
    count = law.event_shape.numel()
    _check_number(len(points), count, role)
    each = each.reshape(len(each), -1).expand(-1, count)
    joint, grid = each[:, 0], torch.cartesian_prod(*[points.reshape(-1)] * count)
    for axis in range(1, count):
        joint = (joint[:, None] + each[:, axis]).reshape(-1)
    return grid.reshape(len(joint), -1), joint


def _points(law: Distribution, role: str) -> Tensor:
    try:
        points = law.enumerate_support(expand=False)
    except NotImplementedError as error:
        raise ArgumentError(
            f"exact_divergence: {role} is {type(law).__name__}, whose points cannot be listed; expected a law on "
            "finitely many, such as Categorical, Bernoulli or Binomial"
        ) from error
    return points.reshape(len(points), -1) if isinstance(law, OneHotCategorical) else points.reshape(-1)


def _log_probabilities(law: Distribution, role: str) -> Tensor:
    """Log probabilities of the points, (s, *batch): −inf where a probability is 0, which torch rounds up to 1e-16."""
    given = vars(law).get("probs")
    if isinstance(law, OneHotCategorical):
        return _log_probabilities(law._categorical, role)
    if isinstance(law, Categorical):
        rows = law.logits if given is None else (given / given.sum(-1, keepdim=True)).log()
        return rows.movedim(-1, 0)
    if isinstance(law, Bernoulli):
        if given is None:
            logits = law.logits
            return torch.stack([torch.nn.functional.logsigmoid(-logits), torch.nn.functional.logsigmoid(logits)])
        return torch.stack([torch.log1p(-given), given.log()])
    points = law.enumerate_support(expand=False).double()
    if isinstance(law, Binomial) and given is not None:
        n = law.total_count.double()
        ways: Tensor = torch.lgamma(n + 1) - torch.lgamma(points + 1) - torch.lgamma(n - points + 1)
        log_successes: Tensor = torch.xlogy(points, given)
        return ways + log_successes + torch.as_tensor(torch.special.xlog1py(n - points, -given))
    try:
        return torch.as_tensor(law.log_prob(points))
    except NotImplementedError as error:
        raise ArgumentError(f"exact_divergence: {role} is {type(law).__name__}, which has no log_prob") from error
