"""A yardstick: critics of its own for every divergence, trained on that divergence's bound, as an f-GAN's are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from bench.divergences import Divergence
from bench.metrics.estimation.estimators import Value, register_estimator
from bench.metrics.estimation.heldout import heldout_bound
from bench.metrics.estimation.ratio import LogRatios, make_design
from bench.metrics.estimation.ratio.closed_forms import make_constant
from bench.metrics.estimation.ratio.folds import Predictions
from bench.metrics.estimation.ratio.learners import PLAIN, WAVES
from bench.metrics.estimation.ratio.training import Loss, Training

_TRAINING = Training(learning_rate=1e-3)  # at the default's, bounds that are exponential in v overfit before they fit


@register_estimator("per_divergence_critics", version=2, scaling="columns")
def per_divergence_critics(
    p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator
) -> dict[str, Value]:
    """For each divergence, critics that maximise its own bound (Ryu 2025, sec. 3.2; Nowozin et al. 2016, eq. 6).

    Folds, coordinates, networks, steps and the evaluation are those of the default estimator, and the bound takes the
    place of the logistic loss wherever critics are trained or chosen. The learning rate is lower, and there are neither
    closed forms nor marginal scores among the candidates, nor stacks of them. Every divergence starts from the same
    random state, so that a figure does not depend on what else is asked for.
    """
    state = generator.get_state()
    return {d.name: heldout_bound(d, fit_critics(d, p, q, _copy_networks(generator, state))) for d in divergences}


def fit_critics(d: Divergence, x: Tensor, y: Tensor, generator: torch.Generator) -> LogRatios:
    """Cross-fitted critics that maximise the bound of one divergence, evaluated where they have not been fitted.

    Args:
        d: the divergence.
        x: points of P, shape (n, d), float32.
        y: points of Q, shape (m, d).
        generator: draws folds, initial weights and batches; on the points' device.
    """
    design = make_design(x, y, generator)
    loss = make_negative_bound(d, min(len(x), len(y)))
    nothing = make_constant(design.rows_p, design.rows_q)
    candidates = [
        replace(learner, training=_TRAINING).fit(design, nothing, generator, loss)
        for learner in (PLAIN, WAVES)
        if design.dimensions <= learner.up_to
    ]
    best = _choose_best(candidates, loss)
    return LogRatios(
        p=best.evaluation_p.mean(1).double(),
        q=best.evaluation_q.mean(1).double(),
        validation_p=best.validation_p.flatten(1).double(),
        validation_q=best.validation_q.flatten(1).double(),
    )


def make_negative_bound(d: Divergence, n: int) -> Loss:
    """What critics minimise: minus the bound of `d`, at v limited to what n points can vouch for.

    The limit keeps bounds that are exponential in v, and their gradients, within n. Where the ratio form has no useful
    gradient (total_variation) it is the Fenchel form that is maximised, which has the same best sign of v.
    """
    limit = math.log(n) / max(d.order, 1.0)
    terms = d.terms if d.differentiable else d.fenchel_terms

    def loss(v_p: Tensor, v_q: Tensor) -> Tensor:
        at_p, at_q = terms(v_p.clamp(-limit, limit), v_q.clamp(-limit, limit))
        return -at_p.mean(-1) - at_q.mean(-1)

    return loss


def _choose_best(candidates: Sequence[Predictions], loss: Loss) -> Predictions:
    best = candidates[0]
    for other in candidates[1:]:
        best = other.where(_measure_validation_loss(other, loss) < _measure_validation_loss(best, loss), best)
    return best


def _measure_validation_loss(candidate: Predictions, loss: Loss) -> Tensor:
    return loss(candidate.validation_p, candidate.validation_q).mean(-1)


def _copy_networks(generator: torch.Generator, state: Tensor) -> torch.Generator:
    again = torch.Generator(generator.device)
    again.set_state(state)
    return again
