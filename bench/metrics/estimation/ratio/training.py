"""Training of stacked ratio networks: averaged weights, stopped for each fold by folds it does not touch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.coordinates import Coordinates
from bench.metrics.estimation.ratio.folds import Pairs, Predictions, logistic_loss
from bench.metrics.estimation.ratio.networks import RatioNetworks
from bench.metrics.estimation.ratio.rows import Rows

_WARM_UP = 10  # steps

Loss = Callable[[Tensor, Tensor], Tensor]
"""From v at points of P (…, s) and of Q (…, t) to what critics minimise, shape (…)."""


@dataclass(frozen=True)
class Training:
    """How the networks are trained.

    Attributes:
        steps: at most so many; validation stops earlier.
        batch: points of each sample in a step.
        learning_rate: of Adam.
        checks: how often the networks are validated.
        patience: a fold's networks are given up after so many checks without improvement.
        memory: the weights that count are the average of the last steps, about so many and a tenth of all so far.
    """

    steps: int = 300
    batch: int = 256
    learning_rate: float = 3e-3
    checks: int = 12
    patience: int = 3
    memory: float = 200.0

    def halved(self) -> Training:
        """Half of the steps, at the same intervals between checks."""
        return replace(self, steps=self.steps // 2, checks=max(1, self.checks // 2))


@dataclass(frozen=True)
class Side:
    """One side of the comparison.

    Attributes:
        coordinates: what critics see of its points.
        rows: which of them.
        offset_fitted: what networks are added to, at the rows that each is fitted on, shape (R, m).
        offset_left_out: the same at the rows left out, shape (R, 2, s).
    """

    coordinates: Coordinates
    rows: Rows
    offset_fitted: Tensor
    offset_left_out: Tensor


class _Batches:
    """Random batches without replacement, of the rows that each critic is fitted on."""

    def __init__(self, side: Side, batch: int, generator: torch.Generator) -> None:
        self._side = side
        self._total = side.rows.fitted.shape[1]
        self._batch = min(batch, self._total)
        self._generator = generator
        self._order = torch.empty(0, dtype=torch.int64)
        self._position = self._total

    def draw(self) -> tuple[Tensor, Tensor]:
        """Coordinates (R, b, d) and the offset there (R, b)."""
        if self._position + self._batch > self._total:
            self._order = torch.randperm(self._total, generator=self._generator, device=self._generator.device)
            self._position = 0
        chosen = self._order[self._position : self._position + self._batch]
        self._position += self._batch
        return self._side.coordinates.take(self._side.rows.fitted[:, chosen]), self._side.offset_fitted[:, chosen]


class _Average:
    """An exponential average of the weights, which makes up for a learning rate that does not fall (Polyak 1992)."""

    def __init__(self, networks: RatioNetworks, memory: float) -> None:
        self._trained = [parameter.detach() for parameter in networks.parameters]
        self._memory = memory
        self.networks = networks.with_parameters(parameter.clone() for parameter in self._trained)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights as they are after a step."""
        share = 1 / (1 + min(max(step / 10, 1.0), self._memory))
        torch._foreach_lerp_(self.networks.parameters, self._trained, share)


class _Best:
    """For each fold, what its networks said when their validation loss was lowest."""

    def __init__(self, start: Predictions, patience: int, loss: Loss) -> None:
        self.predictions = start
        self._patience = patience
        self._perfect = 1 / start.validation_p.shape[-1]  # nats: less than one point's worth of error is left
        self._validate = loss
        self._loss = self._validation_loss(start)
        self._failures = torch.zeros_like(self._loss)

    def offer(self, new: Predictions) -> bool:
        """Take what is better, and say whether it is worth to go on.

        What a fold keeps depends on its own validation alone, not on when the other folds' networks are given up.
        """
        loss = self._validation_loss(new)
        waiting = self._failures < self._patience
        better = waiting & (loss < self._loss)
        self.predictions = new.where(better, self.predictions)
        self._loss = torch.where(better, loss, self._loss)
        self._failures = torch.where(better, 0.0, self._failures + 1)
        return bool(((self._failures < self._patience) & (self.predictions.loss > self._perfect)).any())

    def _validation_loss(self, predictions: Predictions) -> Tensor:
        return self._validate(predictions.validation_p, predictions.validation_q).mean(-1)


def train(
    networks: RatioNetworks,
    p: Side,
    q: Side,
    pairs: Pairs,
    how: Training,
    generator: torch.Generator,
    loss: Loss = logistic_loss,
) -> Predictions:
    """Train all networks, in place, and return what each fold's said at their best.

    Args:
        networks: one for each critic of the cross-fit.
        p: the sample from P.
        q: the sample from Q.
        pairs: the critics of the cross-fit.
        how: steps, batch size and so on.
        generator: draws the batches.
        loss: what is minimised, and decides when to stop.
    """
    average = _Average(networks, how.memory)

    def predict() -> Predictions:
        said = (average.networks.evaluate(s.coordinates, s.rows.left_out) + s.offset_left_out for s in (p, q))
        return pairs.by_fold(*said)

    best = _Best(predict(), how.patience, loss)
    batches = [_Batches(side, how.batch, generator) for side in (p, q)]
    optimiser = torch.optim.Adam(networks.parameters, lr=how.learning_rate, betas=(0.9, 0.99), fused=True)
    rate = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(1.0, (step + 1) / _WARM_UP))
    checks = _list_check_steps(how)
    for step in range(1, how.steps + 1):
        (x, offset_p), (y, offset_q) = (b.draw() for b in batches)
        v_p, v_q = networks(torch.cat([x, y], 1)).tensor_split([x.shape[1]], dim=1)
        total = loss(v_p + offset_p, v_q + offset_q).sum()
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rate.step()
        average.update(step)
        if step in checks and not best.offer(predict()):
            break
    return best.predictions


def _list_check_steps(how: Training) -> set[int]:
    """When to validate: densely at first, since networks in many dimensions soon overfit."""
    return {math.ceil(how.steps * (k / how.checks) ** 1.5) for k in range(1, how.checks + 1)}
