"""The training loop, one for all families."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bench.errors import BenchError
from bench.models.base import GenerativeModel
from bench.models.cohort import Cohort, make_cohort
from bench.spec import TrainingSettings
from bench.streams import stream_seed
from bench.training.averaging import Averages
from bench.training.batches import Batches
from bench.training.checkpoint import Checkpoint
from bench.training.curves import Curves
from bench.training.game import Game
from bench.training.ranks import ALONE, Ranks


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
    """Build a model with the initial parameters of `seed`, drawn on the CPU beside the global random state."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(stream_seed(seed, "init"))
        return build()


def train(
    build: Callable[[], GenerativeModel],
    data: Tensor,
    seeds: Sequence[int],
    training: TrainingSettings,
    *,
    checkpoint: Checkpoint | None = None,
    ranks: Ranks = ALONE,
    resumed: Callable[[float], None] = lambda seconds: None,
    progress: Callable[[int], None] = lambda step: None,
) -> Trained:
    """Train one model for each seed, side by side.

    The host waits for the device at the points of the learning curves and for checkpoints, and nowhere else.

    Args:
        build: makes an untrained model.
        data: training examples (n, *shape), on the device where training is to happen.
        seeds: the members' seeds.
        training: budget and optimiser.
        checkpoint: where to save progress and to take it up again. Whatever is wrong with what is there, training
            starts from step 0 as without it, with a `CheckpointWarning`.
        ranks: processes that train together; all must be here. The first one alone saves checkpoints.
        resumed: told the seconds that went into a checkpoint that is taken up.
        progress: told the number of steps done, at each point of the curves.

    Raises:
        ArgumentError: if the model cannot take batches of this size.
    """
    session = _begin(lambda: _Session(build, data, seeds, training, ranks), checkpoint, data.device)
    _require_same_place(session.done, ranks, data.device)
    curves, began = session.curves, time.monotonic() - session.seconds
    if session.done:
        resumed(session.seconds)

    def save(done: int) -> None:
        if checkpoint is not None and ranks.rank == 0:
            checkpoint.save(session.state(done, time.monotonic() - began))

    for step in range(session.done, training.steps):
        curves.add(session.game.step(session.batches, step))
        session.averages.update()
        if curves.due(step):
            curves.record(step)
            progress(step + 1)
            if curves.all_diverged:
                break
        elif ranks.size > 1:  # what each rank has gathered since the last point is no other's
            continue
        if checkpoint is not None and checkpoint.due:
            save(step + 1)
    else:
        if session.done < training.steps:  # one that is taken up at its end stays as it is: nothing got any further
            save(training.steps)
    session.averages.put()
    return Trained(session.cohort, curves, time.monotonic() - began)


class _Session:
    """A cohort in training: what a checkpoint saves and takes over."""

    def __init__(
        self,
        build: Callable[[], GenerativeModel],
        data: Tensor,
        seeds: Sequence[int],
        training: TrainingSettings,
        ranks: Ranks,
    ) -> None:
        models = [initialise(build, seed).to(data.device).train() for seed in seeds]
        models[0].check_batches(training.batch_size, ranks.size)
        for model in models:
            ranks.prepare(model)
        data = models[0].training_data(data)
        self.cohort = make_cohort(models)
        self.game = Game(self.cohort, models[0], training, ranks)
        self.averages = Averages(self.cohort, models[0].averages)
        self.curves = Curves(len(seeds), training.steps, training.curve_points, ranks)
        self.batches = Batches(data, models[0].noise, seeds, training.batch_size, len(models[0].moves))
        self.steps = training.steps
        self.done = 0
        self.seconds = 0.0

    def state(self, done: int, seconds: float) -> dict[str, Any]:
        """What `load` takes, after a number of steps."""
        parts = {"cohort": self.cohort.state(), "game": self.game.state(), "curves": self.curves.state()}
        return parts | {"averages": self.averages.state(), "step": done, "seconds": seconds}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state; where this raises anything, a part of it may be taken over already."""
        done, seconds = int(state["step"]), float(state["seconds"])
        if not (0 < done <= self.steps and 0 <= seconds < math.inf):
            raise ValueError(f"found {done} steps in {seconds:g} s; expected at most {self.steps} steps")
        self.cohort.load(state["cohort"])
        self.game.load(state["game"])
        self.curves.load(state["curves"])
        self.averages.load(state.get("averages", {}))  # checkpoints had none before there were averages
        self.done, self.seconds = done, seconds


def _require_same_place(done: int, ranks: Ranks, device: torch.device) -> None:
    """All ranks must have taken up the same checkpoint.

    Raises:
        BenchError: if they have not.
    """
    steps = torch.tensor([done, -done], device=device)
    least, most = ranks.least(steps).tolist()
    if least != -most:
        raise BenchError(
            f"data-parallel training: ranks found checkpoints of steps {least} to {-most}; expected the same one; "
            "the store must look the same from all of them"
        )


def _begin(fresh: Callable[[], _Session], checkpoint: Checkpoint | None, device: torch.device) -> _Session:
    """A session that goes on from the checkpoint; a fresh one where there is none that can be used."""
    session = fresh()
    state = None if checkpoint is None else checkpoint.restore(device)
    if checkpoint is None or state is None:
        return session
    try:
        session.load(state)
    except Exception as error:  # any: as wrong as a file that cannot be read
        checkpoint.warn_unusable(error)
    else:
        return session
    del session, state  # it may be loaded in part, and there may be no room for two
    return fresh()
