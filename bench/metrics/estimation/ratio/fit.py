"""The cross-fitted log-ratio of two samples: one fit that serves every divergence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import reduce

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.design import make_design, make_networks
from bench.metrics.estimation.ratio.folds import Pairs, Predictions, logistic_loss
from bench.metrics.estimation.ratio.gaussian import (
    AxisRatio,
    QuadraticRatio,
    fit_axis_ratios,
    fit_gaussian_ratios,
    fit_moments,
)
from bench.metrics.estimation.ratio.inputs import CriticInputs
from bench.metrics.estimation.ratio.stacking import combine, stack
from bench.metrics.estimation.ratio.training import Sample, Training, train

_COVARIANCES_UP_TO = 128  # dimensions: beyond, they cost more than networks
_TAILS_BEGIN = 10.0  # standard units, for the moments of the closed forms
_LARGEST = 50.0  # nats: what a closed form may say
_CHUNK = 2**26  # numbers that closed forms are fitted to at once: bounds memory


@dataclass(frozen=True)
class LogRatios:
    """Estimates of v = log p/q at held-out points, in F folds.

    Attributes:
        p: at points of P, shape (F, s), float64.
        q: at points of Q, shape (F, t).
        validation_p: what may be looked at to adjust fold k: its M critics at other points of P, shape (F, M s).
        validation_q: likewise for Q, shape (F, M t).
    """

    p: Tensor
    q: Tensor
    validation_p: Tensor
    validation_q: Tensor


@dataclass(frozen=True)
class _ClosedForm:
    """A critic that is not trained: its v where it is fitted and where it is left out, and its number of parameters.

    Shapes: fitted (R, (F − 2) s), left out (R, 2, s), parameters (R,).
    """

    fitted_p: Tensor
    fitted_q: Tensor
    left_out_p: Tensor
    left_out_q: Tensor
    parameters: Tensor


def fit_log_ratio(x: Tensor, y: Tensor, generator: torch.Generator) -> LogRatios:
    """Fit critics that tell x from y and evaluate each on points that neither its fit nor any choice has seen.

    Candidates are the closed forms of Gaussian pairs and small networks on top of the best of them; a stack of both,
    weighted by logistic regression in validation, decides. All critics of all folds are trained at once.

    Args:
        x: points of P, shape (n, d), float32.
        y: points of Q, shape (m, d).
        generator: draws folds, initial weights and batches; on the points' device.
    """
    plan = make_design(x, y, generator)
    p, q, pairs = plan.p, plan.q, plan.pairs
    closed = [_fit_constant(p, q, pairs), *_fit_gaussians(p, q, pairs, plan.inputs[0])]
    base = _choose_by_information(closed)
    critics = [_choose_in_validation([pairs.by_fold(c.left_out_p, c.left_out_q) for c in closed])]
    for inputs in plan.inputs:
        sides = Sample(p, base.fitted_p, base.left_out_p), Sample(q, base.fitted_q, base.left_out_q)
        critics.append(train(make_networks(inputs, generator), *sides, pairs, Training(), generator))
    return _stack_by_fold(critics)


def _fit_constant(p: Tensor, q: Tensor, pairs: Pairs) -> _ClosedForm:
    """The critic that cannot tell the samples apart: v = 0."""
    critics, folds = pairs.fitted_on.shape
    s, t = p.shape[1], q.shape[1]
    return _ClosedForm(
        fitted_p=p.new_zeros(critics, folds * s),
        fitted_q=p.new_zeros(critics, folds * t),
        left_out_p=p.new_zeros(critics, 2, s),
        left_out_q=p.new_zeros(critics, 2, t),
        parameters=p.new_zeros(critics),
    )


def _fit_gaussians(p: Tensor, q: Tensor, pairs: Pairs, inputs: CriticInputs) -> list[_ClosedForm]:
    """The log-ratios of Gaussians fitted by moments, one for each way to restrict the covariances."""
    of_one_critic = pairs.fitted_on.shape[1] * max(p[0].numel(), q[0].numel())
    chunks = torch.split(torch.arange(pairs.critics, device=p.device), max(1, _CHUNK // of_one_critic))
    parts = [
        _fit_chunk(p, q, pairs.fitted_on[critics], pairs.left_out[critics], inputs.of(critics)) for critics in chunks
    ]
    return [
        _ClosedForm(*(torch.cat(part) for part in zip(*map(_list_fields, same), strict=True)))
        for same in zip(*parts, strict=True)
    ]


def _fit_chunk(p: Tensor, q: Tensor, fitted_on: Tensor, left_out: Tensor, inputs: CriticInputs) -> list[_ClosedForm]:
    """The same of some of the critics: the folds that they are fitted on (R, F − 2) and leave out (R, 2)."""

    def coordinates(points: Tensor) -> Tensor:
        return inputs.coordinates(points.flatten(1, 2), _TAILS_BEGIN)

    def predict(ratio: QuadraticRatio | AxisRatio, points: Tensor) -> Tensor:
        return ratio(points).clamp(-_LARGEST, _LARGEST).float()

    fitted_p, fitted_q = coordinates(p[fitted_on]), coordinates(q[fitted_on])
    left_out_p, left_out_q = coordinates(p[left_out]), coordinates(q[left_out])
    return [
        _ClosedForm(
            fitted_p=predict(ratio, fitted_p),
            fitted_q=predict(ratio, fitted_q),
            left_out_p=predict(ratio, left_out_p).reshape(len(left_out), 2, -1),
            left_out_q=predict(ratio, left_out_q).reshape(len(left_out), 2, -1),
            parameters=ratio.parameters,
        )
        for ratio in _make_ratios(fitted_p, fitted_q).values()
    ]


def _make_ratios(fitted_p: Tensor, fitted_q: Tensor) -> Mapping[str, QuadraticRatio | AxisRatio]:
    if fitted_p.shape[-1] > _COVARIANCES_UP_TO:
        return fit_axis_ratios(fitted_p, fitted_q)
    return fit_gaussian_ratios(fit_moments(fitted_p, fitted_q))


def _choose_by_information(forms: Sequence[_ClosedForm]) -> _ClosedForm:
    """For each critic the form of the least logistic loss plus a share of a nat per parameter (Akaike 1974)."""
    scores = []
    for form in forms:
        points = 2 / (1 / form.fitted_p.shape[1] + 1 / form.fitted_q.shape[1])
        scores.append(logistic_loss(form.fitted_p.double(), form.fitted_q.double()) + form.parameters / points)
    best = torch.stack(scores).argmin(0)
    chosen = torch.arange(len(best), device=best.device)
    return _ClosedForm(*(torch.stack(part)[best, chosen] for part in zip(*map(_list_fields, forms), strict=True)))


def _list_fields(form: _ClosedForm) -> list[Tensor]:
    return [getattr(form, part.name) for part in fields(_ClosedForm)]


def _choose_in_validation(candidates: Sequence[Predictions]) -> Predictions:
    """For each fold the candidate of the least validation loss."""
    return reduce(lambda best, other: other.where(other.loss < best.loss, best), candidates)


def _stack_by_fold(critics: Sequence[Predictions]) -> LogRatios:
    """Combine the critics of each fold by weights that its validation points decide, starting from the last alone."""
    start = torch.zeros(len(critics))
    start[-1] = 1.0
    validation_p = torch.stack([c.validation_p.flatten(1) for c in critics], -1)
    validation_q = torch.stack([c.validation_q.flatten(1) for c in critics], -1)
    weights = stack(validation_p, validation_q, start)
    return LogRatios(
        p=combine(torch.stack([c.evaluation_p.mean(1) for c in critics], -1), weights),
        q=combine(torch.stack([c.evaluation_q.mean(1) for c in critics], -1), weights),
        validation_p=combine(validation_p, weights),
        validation_q=combine(validation_q, weights),
    )
