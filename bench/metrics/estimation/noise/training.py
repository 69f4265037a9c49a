"""Training of critics that are told the level of the noise, with early stopping for each level and fold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.metrics.estimation.noise.components import Components
from bench.metrics.estimation.noise.network import Levels, NoiseCritics, make_critics
from bench.metrics.estimation.ratio.folds import Pairs, Predictions

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


@dataclass(frozen=True)
class Side:
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


def train(
    sides: Sequence[Side],
    components: Components,
    levels: Levels,
    pairs: Pairs,
    effort: Effort,
    generator: torch.Generator,
) -> list[Predictions]:
    """What the networks say at each level at their best."""
    inputs, codes = components.variance.shape[-1], levels.codes.shape[1]
    critics = make_critics(pairs.critics, inputs, codes, effort.width, generator)
    steps = count_steps(effort, min(side.fitted.shape[1] for side in sides))
    best = Best(_predict(sides, components, levels, critics, pairs), effort.patience)
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
    side: Side, components: Components, levels: Levels, critics: NoiseCritics, batch: int, generator: torch.Generator
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
    sides: Sequence[Side], components: Components, levels: Levels, critics: NoiseCritics, pairs: Pairs
) -> list[Predictions]:
    made = []
    for spread, code in zip(levels.spreads, levels.codes, strict=True):
        v = [critics(components.filter(s.at(spread), spread), code.expand(s.clean.shape[1], -1)) for s in sides]
        made.append(pairs.by_fold(*(part.reshape(pairs.critics, 2, -1) for part in v)))
    return made


class Best:
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


def count_steps(effort: Effort, points: int) -> int:
    """Steps of training for critics that are fitted on so many points of each sample."""
    return math.ceil(effort.steps * 0.5 * (1 + min(1.0, points / effort.points)))


def _compute_rate(step: int, steps: int) -> float:
    """Share of the peak learning rate: a short rise, then half a cosine down to zero."""
    return min(1.0, (step + 1) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))
