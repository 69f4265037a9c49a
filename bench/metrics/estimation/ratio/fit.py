"""The cross-fitted log-ratio of two samples: one fit that serves every divergence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.closed_forms import ClosedForm, choose_by_information, fit_gaussians, make_constant
from bench.metrics.estimation.ratio.design import MARGINALS_UP_TO, Design
from bench.metrics.estimation.ratio.folds import Predictions
from bench.metrics.estimation.ratio.learners import Effort
from bench.metrics.estimation.ratio.stacking import combine, stack


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


def fit_log_ratio(design: Design, effort: Effort, generator: torch.Generator) -> LogRatios:
    """Fit critics that tell P from Q and evaluate each on points that neither its fit nor any choice has seen.

    Candidates are the closed forms of Gaussian pairs, in standard units and in coordinates made normal one by one, and
    the learners of the effort, which start from the best of them; a stack of all, weighted by logistic regression in
    validation, decides. All critics of all folds are fitted at once.

    Args:
        design: the samples, dealt into folds.
        effort: what is combined.
        generator: draws initial weights and batches; on the points' device.
    """
    closed = fit_closed_forms(design)
    base = choose_by_information(closed)
    left_out = [design.pairs.by_fold(form.left_out_p, form.left_out_q) for form in closed]
    critics = [reduce(_choose_better, left_out)]
    critics += [
        learner.fit(design, base, generator) for learner in effort.learners if design.dimensions <= learner.up_to
    ]
    return stack_by_fold(critics, closed=1)


def fit_closed_forms(design: Design) -> list[ClosedForm]:
    """Every closed form, the constant first."""
    rows = design.rows_p, design.rows_q
    forms = [make_constant(*rows), *fit_gaussians(design.nearly_linear, *rows, design.dimensions)]
    if design.dimensions <= MARGINALS_UP_TO:
        forms += fit_gaussians(design.normal, *rows, design.dimensions)
    return forms


def _choose_better(one: Predictions, other: Predictions) -> Predictions:
    """For each fold what has the lesser validation loss."""
    return other.where(other.loss < one.loss, one)


def stack_by_fold(critics: Sequence[Predictions], closed: int) -> LogRatios:
    """Combine the critics of each fold by weights that its validation points decide.

    Args:
        critics: closed forms first, then what starts from them.
        closed: how many closed forms there are; the weights start from the mean of the others, which contain them.
    """
    start = torch.zeros(len(critics))
    start[closed:] = 1 / (len(critics) - closed)
    validation_p = torch.stack([c.validation_p.flatten(1) for c in critics], -1)
    validation_q = torch.stack([c.validation_q.flatten(1) for c in critics], -1)
    weights = stack(validation_p, validation_q, start)
    return LogRatios(
        p=combine(torch.stack([c.evaluation_p.mean(1) for c in critics], -1), weights),
        q=combine(torch.stack([c.evaluation_q.mean(1) for c in critics], -1), weights),
        validation_p=combine(validation_p, weights),
        validation_q=combine(validation_q, weights),
    )
