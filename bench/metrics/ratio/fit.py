"""The cross-fitted log-ratio of two samples: one fit that serves every divergence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import reduce

import torch
from torch import Tensor

from bench.metrics.ratio.folds import Pairs, Predictions, deal, leave_pairs_out, logistic_loss
from bench.metrics.ratio.gaussian import QuadraticRatio, fitted_moments, gaussian_ratios
from bench.metrics.ratio.inputs import CriticInputs, fitted_inputs
from bench.metrics.ratio.networks import initial_networks
from bench.metrics.ratio.stacking import combine, stack
from bench.metrics.ratio.training import Sample, Training, train

FOLDS = 5
_WIDTH, _DEPTH = 64, 2
_CLOSED_FORM_UP_TO = 128  # dimensions: beyond, covariances cost more than networks
_ALL_PAIRS_UP_TO = 256  # dimensions
_WAVES, _WAVES_UP_TO = 32, 3  # sines and cosines, in so many dimensions at the most
_TAILS_BEGIN = 10.0  # standard units, for the moments of the closed forms
_LARGEST = 50.0  # nats: what a closed form may say


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
    p, q = (deal(points, FOLDS, generator) for points in (x, y))
    dimensions = x.shape[1]
    pairs = leave_pairs_out(FOLDS, x.device, every=dimensions <= _ALL_PAIRS_UP_TO)
    plain = fitted_inputs(p, q, pairs, generator, 0)
    closed = [_constant(p, q, pairs), *(_gaussian(p, q, pairs, plain) if dimensions <= _CLOSED_FORM_UP_TO else ())]
    base = _best_by_information(closed)
    inputs = [plain]
    if dimensions <= _WAVES_UP_TO:
        inputs.append(fitted_inputs(p, q, pairs, generator, _WAVES))
    critics = [_best_in_validation([pairs.by_fold(c.left_out_p, c.left_out_q) for c in closed])]
    for each in inputs:
        networks = initial_networks(each, _WIDTH, _DEPTH, generator)
        sides = Sample(p, base.fitted_p, base.left_out_p), Sample(q, base.fitted_q, base.left_out_q)
        critics.append(train(networks, *sides, pairs, Training(), generator))
    return _stacked(critics)


def _constant(p: Tensor, q: Tensor, pairs: Pairs) -> _ClosedForm:
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


def _gaussian(p: Tensor, q: Tensor, pairs: Pairs, inputs: CriticInputs) -> list[_ClosedForm]:
    """The log-ratios of Gaussians fitted by moments, one for each way to restrict the covariances."""

    def coordinates(points: Tensor) -> Tensor:
        return inputs.coordinates(points.flatten(1, 2), _TAILS_BEGIN)

    def said(ratio: QuadraticRatio, points: Tensor) -> Tensor:
        return ratio(points).clamp(-_LARGEST, _LARGEST).float()

    fitted_p, fitted_q = coordinates(p[pairs.fitted_on]), coordinates(q[pairs.fitted_on])
    left_out_p, left_out_q = coordinates(p[pairs.left_out]), coordinates(q[pairs.left_out])
    return [
        _ClosedForm(
            fitted_p=said(ratio, fitted_p),
            fitted_q=said(ratio, fitted_q),
            left_out_p=said(ratio, left_out_p).reshape(pairs.critics, 2, -1),
            left_out_q=said(ratio, left_out_q).reshape(pairs.critics, 2, -1),
            parameters=ratio.parameters,
        )
        for ratio in gaussian_ratios(fitted_moments(fitted_p, fitted_q)).values()
    ]


def _best_by_information(forms: Sequence[_ClosedForm]) -> _ClosedForm:
    """For each critic the form of the least logistic loss plus a share of a nat per parameter (Akaike 1974)."""
    scores = []
    for form in forms:
        points = 2 / (1 / form.fitted_p.shape[1] + 1 / form.fitted_q.shape[1])
        scores.append(logistic_loss(form.fitted_p.double(), form.fitted_q.double()) + form.parameters / points)
    best = torch.stack(scores).argmin(0)
    chosen = torch.arange(len(best), device=best.device)
    parts = ([getattr(form, part.name) for form in forms] for part in fields(_ClosedForm))
    return _ClosedForm(*(torch.stack(part)[best, chosen] for part in parts))


def _best_in_validation(candidates: Sequence[Predictions]) -> Predictions:
    """For each fold the candidate of the least validation loss."""
    return reduce(lambda best, other: other.where(other.loss < best.loss, best), candidates)


def _stacked(critics: Sequence[Predictions]) -> LogRatios:
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
