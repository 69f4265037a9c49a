"""The training loop, one for all families."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.models.base import GenerativeModel
from bench.models.cohort import Cohort, make_cohort
from bench.spec import TrainingSettings
from bench.streams import stream_seed
from bench.training.batches import Batches
from bench.training.checkpoint import Checkpoint
from bench.training.curves import Curves
from bench.training.game import Game


class TrainingTimeoutError(Exception):
    """Training ran past its limit."""


@dataclass(frozen=True)
class Trained:
    """What training a cohort leaves.

    Attributes:
        cohort: the trained models.
        curves: their learning curves and where they diverged.
        seconds: wall time spent in the loop, by this process and by those it resumed from.
    """

    cohort: Cohort
    curves: Curves
    seconds: float


def initialise(build: Callable[[], GenerativeModel], seed: int) -> GenerativeModel:
    """A model with the initial parameters of `seed`: drawn on the CPU, the global random state left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(seed, "init"))
        return build()


def train(
    build: Callable[[], GenerativeModel],
    data: Tensor,
    seeds: Sequence[int],
    training: TrainingSettings,
    *,
    checkpoint: Checkpoint | None = None,
    timeout: float | None = None,
    progress: Callable[[int], None] = lambda step: None,
) -> Trained:
    """Train one model for each seed, side by side.

    The host waits for the device at the points of the learning curves and nowhere else.

    Args:
        build: makes an untrained model.
        data: training examples (n, *shape), on the device where training is to happen.
        seeds: the members' seeds.
        training: budget and optimiser.
        checkpoint: where to save progress and to take it up again.
        timeout: seconds after which training gives up.
        progress: told the number of steps done, at each point of the curves.

    Raises:
        TrainingTimeoutError: if the time limit is passed.
    """
    models = [initialise(build, seed).to(data.device).train() for seed in seeds]
    data = models[0].training_data(data)
    cohort = make_cohort(models)
    game = Game(cohort, models[0], training)
    curves = Curves(len(seeds), training.steps, training.curve_points)
    batches = Batches(data, models[0].noise, seeds, training.batch_size, len(models[0].moves))
    start, spent = _resume(checkpoint, data.device, cohort, game, curves)
    began = time.monotonic() - spent

    def save(done: int) -> None:
        if checkpoint is not None:
            state = {"cohort": cohort.state(), "game": game.state(), "curves": curves.state()}
            checkpoint.save(state | {"step": done, "seconds": time.monotonic() - began})

    for step in range(start, training.steps):
        curves.add(game.step(batches, step))
        if not curves.due(step):
            continue
        curves.record(step)
        progress(step + 1)
        if curves.all_diverged:
            break
        if timeout is not None and time.monotonic() - began > timeout:
            raise TrainingTimeoutError(f"training took more than {timeout:g} s; it had done {step + 1} steps")
        if checkpoint is not None and checkpoint.due:
            save(step + 1)
    else:
        save(training.steps)
    return Trained(cohort, curves, time.monotonic() - began)


def _resume(
    checkpoint: Checkpoint | None, device: torch.device, cohort: Cohort, game: Game, curves: Curves
) -> tuple[int, float]:
    """Take up a checkpoint: the steps done and the seconds spent, or zeros."""
    state = checkpoint.restore(device) if checkpoint is not None else None
    if state is None:
        return 0, 0.0
    cohort.load(state["cohort"])
    game.load(state["game"])
    curves.load(state["curves"])
    return int(state["step"]), float(state["seconds"])
