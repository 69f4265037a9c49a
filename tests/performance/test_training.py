"""Speed of training steps: how a cohort of K seeds compares with K cohorts of one.

`make benchmark` prints each group with the ratio to its fastest row. Rows of a group do the same work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench.models import METHODS, GenerativeModel, make_cohort
from bench.spec import TrainingSettings
from bench.training.batches import Batches
from bench.training.game import Game
from bench.training.loop import initialise

SEEDS = (0, 1, 2, 3)
STEPS = 20
METHODS_TIMED: dict[str, dict[str, Any]] = {
    "vae": {"family": "vae"},
    "fgan": {"family": "fgan", "divergence": "js"},
}
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"))]


def stepper(method: dict[str, Any], seeds: tuple[int, ...], device: str) -> Callable[[], None]:
    family = METHODS[method["family"]]
    settings = family.settings.model_validate(method)
    data = torch.randn(10_000, 2, device=device)

    def build() -> GenerativeModel:
        return family.build(settings, (2,))

    models = [initialise(build, seed).to(device) for seed in seeds]
    game = Game(make_cohort(models), models[0], TrainingSettings())
    batches = Batches(data, models[0].noise, seeds, 256, len(models[0].moves))

    def steps() -> None:
        for step in range(STEPS):
            game.step(batches, step)
        if device == "cuda":
            torch.cuda.synchronize()

    return steps


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("method", METHODS_TIMED)
@pytest.mark.parametrize("together", [False, True], ids=["one-by-one", "cohort"])
def test_four_seeds(benchmark: Any, method: str, together: bool, device: str) -> None:
    benchmark.group = f"{STEPS} steps of 4 seeds, {method}, {device}"
    cohorts = [SEEDS] if together else [(seed,) for seed in SEEDS]
    steppers = [stepper(METHODS_TIMED[method], seeds, device) for seeds in cohorts]
    benchmark(lambda: [run() for run in steppers])
