"""Stacking: the combination of several critics that best tells the samples apart in validation."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.folds import logistic_loss

_RIDGE = 5.0  # points' worth of evidence for the weights that one starts from
_NEWTON_STEPS, _HALVINGS = 20, 8
_JITTER = 1e-9


def stack(p: Tensor, q: Tensor, start: Tensor) -> Tensor:
    """Weights w and an offset c for v = Σ wᵢ vᵢ + c, by logistic regression with a ridge about `start`.

    Newton's method with step halving; the loss is convex, so a step is taken only where it descends.

    Args:
        p: what C critics say at points of P, shape (F, n, C).
        q: what they say at points of Q, shape (F, m, C).
        start: weights to shrink towards, shape (C,); the offset is not shrunk.

    Returns:
        Weights and offset for each fold, shape (F, C + 1), float64.
    """
    x, y = (_append_constant(values.double()) for values in (p, q))
    folds, _, size = x.shape
    origin = torch.cat([start.double(), torch.zeros(1)]).to(x).expand(folds, -1)
    ridge = torch.full((size,), _RIDGE * 0.5 * (1 / p.shape[1] + 1 / q.shape[1]), dtype=x.dtype, device=x.device)
    ridge[-1] = _JITTER

    def loss(w: Tensor) -> Tensor:
        return logistic_loss(_apply(x, w), _apply(y, w)) + 0.5 * (ridge * (w - origin).square()).sum(-1)

    weights, current = origin.clone(), loss(origin)
    for _ in range(_NEWTON_STEPS):
        step = _take_newton_step(x, y, weights, origin, ridge)
        for _ in range(_HALVINGS):
            step = torch.where((loss(weights - step) > current)[:, None], step / 2, step)
        descended = loss(weights - step)
        better = descended <= current
        weights = torch.where(better[:, None], weights - step, weights)
        current = torch.where(better, descended, current)
    return weights


def combine(values: Tensor, weights: Tensor) -> Tensor:
    """What the stacked critic says: values (F, n, C) and weights (F, C + 1) to v (F, n)."""
    return _apply(_append_constant(values.double()), weights)


def _take_newton_step(x: Tensor, y: Tensor, weights: Tensor, origin: Tensor, ridge: Tensor) -> Tensor:
    at_p, at_q = torch.sigmoid(-_apply(x, weights)), torch.sigmoid(_apply(y, weights))
    gradient = -(x * at_p[..., None]).mean(1) + (y * at_q[..., None]).mean(1) + ridge * (weights - origin)
    hessian = _compute_second_moment(x, at_p) + _compute_second_moment(y, at_q) + torch.diag(ridge + _JITTER)
    step: Tensor = torch.linalg.solve(hessian, gradient)
    return step


def _compute_second_moment(x: Tensor, probability: Tensor) -> Tensor:
    return (x * (probability * (1 - probability))[..., None]).mT @ x / x.shape[1]


def _append_constant(values: Tensor) -> Tensor:
    return torch.cat([values, torch.ones_like(values[..., :1])], -1)


def _apply(x: Tensor, weights: Tensor) -> Tensor:
    return (x @ weights[..., None]).squeeze(-1)
