"""The f-GAN's parts: their names, and what the critic is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bench.models import FGAN, make_cohort
from bench.models.fgan.bound import BOUNDS
from bench.models.fgan.critic_input import choose_input
from bench.models.fgan.generator_objective import GENERATOR_OBJECTIVES
from bench.models.fgan.update import UPDATE_RULES
from bench.models.settings import FGANSettings
from bench.spec import TrainingSettings
from bench.training.batches import Batches
from bench.training.game import Game

NETWORK = {"latent": 2, "generator": [4], "critic": [4]}
DATA = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))


def make(seed: int = 0, **more: Any) -> FGAN:
    torch.manual_seed(seed)
    block = {"family": "fgan", "divergence": "kl", "network": NETWORK} | more
    return FGAN(FGANSettings.model_validate(block), (3,))


def step(models: Sequence[FGAN]) -> dict[str, Tensor]:
    """What one training step of a cohort records."""
    seeds = range(len(models))
    batches = Batches(DATA, models[0].noise, seeds, 16, len(models[0].moves))
    return Game(make_cohort(models), models[0], TrainingSettings(lr=0.01, optimizer="sgd")).step(batches, 0)


@pytest.mark.parametrize(
    ("setting", "parts"),
    [("parameterisation", BOUNDS), ("generator_objective", GENERATOR_OBJECTIVES), ("update", UPDATE_RULES)],
)
def test_every_name_that_a_suite_can_use_has_a_part(setting: str, parts: Mapping[str, object]) -> None:
    assert set(get_args(FGANSettings.model_fields[setting].annotation)) == set(parts)


@pytest.mark.parametrize("update", ["alternating", "single_step"])
def test_packing_shows_the_critic_several_examples_at_once(update: str) -> None:
    models = [make(seed, update=update, pack=2) for seed in (0, 1)]
    x = torch.randn(16, 3)
    judged = models[0].judge(x)
    assert judged.shape == (8, 1)
    assert torch.equal(judged[:1], models[0].critic(torch.cat([x[0], x[1]])[None]))
    together = step(models)
    assert together["bound"].shape == (2,)
    torch.testing.assert_close(together["bound"][0], step([make(0, update=update, pack=2)])["bound"][0])


@given(st.integers(1, 4), st.integers(1, 3), st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_packed_inputs_are_the_examples_one_after_another(together: int, inputs: int, shape: list[int]) -> None:
    x = torch.arange(float(together * inputs * prod(shape))).reshape(together * inputs, *shape)
    packed = choose_input(together)
    shown = packed.show(x)
    assert shown.shape == (inputs, *packed.shape(shape))
    for number, group in enumerate(x.split(together)):
        assert torch.equal(shown[number], torch.cat(list(group)))
