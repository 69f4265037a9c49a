"""The cross-fitted log-ratio of two samples under noise of many levels, by one fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.metrics.estimation.noise.components import Components, fit_components
from bench.metrics.estimation.noise.gaussian import fit_gaussian_levels
from bench.metrics.estimation.noise.network import Levels, NoiseCritics, encode_levels, make_critics
from bench.metrics.estimation.ratio import LogRatios
from bench.metrics.estimation.ratio.folds import Pairs, Predictions, deal, leave_pairs_out
from bench.metrics.estimation.ratio.stacking import combine, stack

FOLDS = 5
_LEADING = (8, 40)  # components of the closed forms
_WARM_UP = 20  # steps


@dataclass(frozen=True)
class Effort:
    """How the critics are trained.

    Attributes:
        width: of the hidden layers.
        steps: of training, where a critic is fitted on `points` of each sample or more; down to half of them for fewer.
        points: see `steps`.
        batch: points of each sample in a step, at most all that a critic is fitted on.
        learning_rate: of Adam at its peak.
        checks: how often the critics are validated.
        patience: a fold's critics are given up at a level after so many checks without improvement.
    """

    width: int = 128
    steps: int = 600
    points: int = 6000
    batch: int = 256
    learning_rate: float = 4e-3
    checks: int = 4
    patience: int = 2


DEFAULT = Effort()


@dataclass(frozen=True)
class _Side:
    """One sample as the critics see it.

    Attributes:
        fitted: clean coordinates of the points that each critic is fitted on, shape (R, n, K).
        clean: of the points that it leaves out, shape (R, 2 s, K).
        noise: the one draw of noise there, in the same coordinates.
    """

    fitted: Tensor
    clean: Tensor
    noise: Tensor

    def at(self, spread: Tensor) -> Tensor:
        """Coordinates of the left-out points under noise of one level, shape (R, 2 s, K)."""
        return self.clean + spread * self.noise


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
    by_network = _train(sides, components, levels, pairs, effort, generator)
    closed = [_predict_closed(sides, levels, pairs, min(k, components.variance.shape[-1])) for k in _LEADING]
    return [_stack([form[i] for form in closed] + [by_network[i]]) for i in range(len(spreads))]


def _prepare(points: Tensor, noise: Tensor, components: Components, pairs: Pairs) -> _Side:
    every = components.project(points.flatten(0, 1)).reshape(pairs.critics, *points.shape[:2], -1)
    critics = torch.arange(pairs.critics, device=points.device)[:, None]
    return _Side(
        fitted=every[critics, pairs.fitted_on].flatten(1, 2),
        clean=every[critics, pairs.left_out].flatten(1, 2),
        noise=components.rotate(noise, pairs.left_out),
    )


def _train(
    sides: Sequence[_Side],
    components: Components,
    levels: Levels,
    pairs: Pairs,
    effort: Effort,
    generator: torch.Generator,
) -> list[Predictions]:
    """What the networks say at each level at their best."""
    inputs, codes = components.variance.shape[-1], levels.codes.shape[1]
    critics = make_critics(pairs.critics, inputs, codes, effort.width, generator)
    steps = _count_steps(effort, min(side.fitted.shape[1] for side in sides))
    best = _Best(_predict(sides, components, levels, critics, pairs), effort.patience)
    optimiser = torch.optim.Adam(critics.parameters, lr=effort.learning_rate, betas=(0.9, 0.99), fused=True)
    rate = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _compute_rate(step, steps))
    checks = {math.ceil(steps * (k / effort.checks)) for k in range(1, effort.checks + 1)}
    for step in range(1, steps + 1):
        losses = [
            F.softplus(sign * _draw(side, components, levels, critics, effort.batch, generator))
            for side, sign in zip(sides, (-1, 1), strict=True)
        ]
        optimiser.zero_grad()
        torch.cat([loss.mean(1) for loss in losses]).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rate.step()
        if step in checks and not best.offer(_predict(sides, components, levels, critics, pairs)):
            break
    return best.predictions


def _draw(
    side: _Side, components: Components, levels: Levels, critics: NoiseCritics, batch: int, generator: torch.Generator
) -> Tensor:
    """V of each critic at a random batch of the points that it is fitted on, under fresh noise of random levels."""
    device = generator.device
    total = side.fitted.shape[1]
    size = min(batch, total)
    rows = torch.randint(total, (size,), generator=generator, device=device)
    chosen = torch.randint(len(levels.spreads), (size,), generator=generator, device=device)
    noise = torch.randn(size, side.fitted.shape[2], generator=generator, device=device)
    spread = levels.spreads[chosen, None]
    return critics(components.filter(side.fitted[:, rows] + spread * noise, spread), levels.codes[chosen])


@torch.no_grad()
def _predict(
    sides: Sequence[_Side], components: Components, levels: Levels, critics: NoiseCritics, pairs: Pairs
) -> list[Predictions]:
    made = []
    for spread, code in zip(levels.spreads, levels.codes, strict=True):
        v = [critics(components.filter(s.at(spread), spread), code.expand(s.clean.shape[1], -1)) for s in sides]
        made.append(pairs.by_fold(*(part.reshape(pairs.critics, 2, -1) for part in v)))
    return made


class _Best:
    """At each level and for each fold, what its critics said when their validation loss was lowest."""

    def __init__(self, start: list[Predictions], patience: int) -> None:
        self.predictions = start
        self._patience = patience
        self._loss = self._measure(start)
        self._failures = torch.zeros_like(self._loss)

    def offer(self, new: list[Predictions]) -> bool:
        """Take what is better, and say whether it is worth to go on.

        What a fold keeps depends on its own validation alone, not on when the critics of other folds are given up.
        """
        loss = self._measure(new)
        better = (self._failures < self._patience) & (loss < self._loss)
        self.predictions = [
            fresh.where(where, kept) for fresh, kept, where in zip(new, self.predictions, better, strict=True)
        ]
        self._loss = torch.where(better, loss, self._loss)
        self._failures = torch.where(better, 0.0, self._failures + 1)
        return bool((self._failures < self._patience).any())

    @staticmethod
    def _measure(predictions: list[Predictions]) -> Tensor:
        """Validation loss at each level and for each fold, shape (S, F)."""
        return torch.stack([own.loss for own in predictions])


def _predict_closed(sides: Sequence[_Side], levels: Levels, pairs: Pairs, leading: int) -> list[Predictions]:
    noisy = [torch.stack([side.at(spread)[..., :leading] for spread in levels.spreads]) for side in sides]
    fitted = [side.fitted[..., :leading] for side in sides]
    v_p, v_q = fit_gaussian_levels(fitted[0], fitted[1], noisy[0], noisy[1], levels.spreads)
    shape = (pairs.critics, 2, -1)
    return [pairs.by_fold(a.reshape(shape), b.reshape(shape)) for a, b in zip(v_p, v_q, strict=True)]


def _stack(candidates: Sequence[Predictions]) -> LogRatios:
    """Combine the critics of each fold by weights that its validation points decide, starting from the last alone."""
    start = torch.zeros(len(candidates))
    start[-1] = 1.0
    validation_p = torch.stack([c.validation_p.flatten(1) for c in candidates], -1)
    validation_q = torch.stack([c.validation_q.flatten(1) for c in candidates], -1)
    weights = stack(validation_p, validation_q, start)
    return LogRatios(
        p=combine(torch.stack([c.evaluation_p.mean(1) for c in candidates], -1), weights),
        q=combine(torch.stack([c.evaluation_q.mean(1) for c in candidates], -1), weights),
        validation_p=combine(validation_p, weights),
        validation_q=combine(validation_q, weights),
    )


def _count_steps(effort: Effort, points: int) -> int:
    return math.ceil(effort.steps * 0.5 * (1 + min(1.0, points / effort.points)))


def _compute_rate(step: int, steps: int) -> float:
    """Share of the peak learning rate: a short rise, then half a cosine down to zero."""
    return min(1.0, (step + 1) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))


__all__ = ["Effort", "fit_log_ratio_levels"]
