"""The cross-fitted log-ratio of two samples under noise of many levels, by one fit."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bench.metrics.estimation.noise.components import Components, fit_components
from bench.metrics.estimation.noise.gaussian import fit_gaussian_levels
from bench.metrics.estimation.noise.network import Levels, encode_levels
from bench.metrics.estimation.noise.training import Effort, Side, train
from bench.metrics.estimation.ratio.fit import LogRatios, stack_by_fold
from bench.metrics.estimation.ratio.folds import Pairs, Predictions, deal, leave_pairs_out

FOLDS = 5
_LEADING = (8, 40)  # components of the closed forms
DEFAULT = Effort()


def fit_log_ratio_levels(
    x: Tensor, y: Tensor, spreads: Sequence[float], generator: torch.Generator, effort: Effort | None = None
) -> list[LogRatios]:
    """Fit critics that tell x + sε from y + sε; evaluate each on points that neither its fit nor any choice has seen.

    A critic is trained on levels of noise drawn at random, with fresh noise in every batch, and validated and evaluated
    at each level on the one draw of noise that all levels share. Early stopping and the weights of a stack with
    Gaussian closed forms are chosen for each level and fold in validation.

    Args:
        x: points of P, shape (n, d), float32.
        y: points of Q, shape (m, d).
        spreads: levels s > 0 of the noise, ascending.
        generator: draws folds, noise, initial weights and batches; on the points' device.
        effort: how the critics are trained.

    Returns:
        Log-ratios at each level.
    """
    effort = effort or DEFAULT
    p, q = (deal(points, FOLDS, generator) for points in (x, y))
    noise = [torch.randn(points.shape, generator=generator, device=points.device) for points in (p, q)]
    pairs = leave_pairs_out(FOLDS, x.device, every=False)
    components = fit_components(p, q, pairs, generator)
    sides = [_prepare(points, own, components, pairs) for points, own in zip((p, q), noise, strict=True)]
    levels = encode_levels(torch.tensor(spreads, dtype=torch.float32, device=x.device))
    by_network = train(sides, components, levels, pairs, effort, generator)
    closed = [_predict_closed(sides, levels, pairs, min(k, components.variance.shape[-1])) for k in _LEADING]
    stacks = ([*(form[i] for form in closed), by_network[i]] for i in range(len(spreads)))
    return [stack_by_fold(critics, closed=len(closed)) for critics in stacks]


def _prepare(points: Tensor, noise: Tensor, components: Components, pairs: Pairs) -> Side:
    every = components.project(points.flatten(0, 1)).reshape(pairs.critics, *points.shape[:2], -1)
    critics = torch.arange(pairs.critics, device=points.device)[:, None]
    return Side(
        fitted=every[critics, pairs.fitted_on].flatten(1, 2),
        clean=every[critics, pairs.left_out].flatten(1, 2),
        noise=components.rotate(noise, pairs.left_out),
    )


def _predict_closed(sides: Sequence[Side], levels: Levels, pairs: Pairs, leading: int) -> list[Predictions]:
    noisy = [torch.stack([side.at(spread)[..., :leading] for spread in levels.spreads]) for side in sides]
    fitted = [side.fitted[..., :leading] for side in sides]
    v_p, v_q = fit_gaussian_levels(fitted[0], fitted[1], noisy[0], noisy[1], levels.spreads)
    shape = (pairs.critics, 2, -1)
    return [pairs.by_fold(a.reshape(shape), b.reshape(shape)) for a, b in zip(v_p, v_q, strict=True)]


__all__ = ["Effort", "fit_log_ratio_levels"]
