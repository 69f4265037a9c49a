"""The f-GAN's parts are interchangeable: names, packing, and hinge and re-weighting, which the package has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bench.divergences import Divergence
from bench.models import FGAN, make_cohort
from bench.models.fgan.bound import BOUNDS, Bound
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


@dataclass(frozen=True)
class HingeBound:
    """E_P[min(0, D − 1)] + E_Q[min(0, −D − 1)] (Lim & Ye 2017)."""

    divergence: Divergence

    def terms(self, critic_p: Tensor, critic_q: Tensor) -> tuple[Tensor, Tensor]:
        return -(1 - critic_p).relu(), -(1 + critic_q).relu()


@dataclass(frozen=True)
class Critic:
    """−E_Q[D]."""

    def loss(self, bound: Bound, critic_q: Tensor) -> Tensor:
        return -critic_q.mean()


def test_hinge_is_a_bound_and_a_generator_objective(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BOUNDS, "ratio", HingeBound)  # type: ignore[arg-type]
    monkeypatch.setitem(GENERATOR_OBJECTIVES, "saturating", Critic)  # type: ignore[arg-type]
    model, z, x = make(), torch.randn(16, 2), torch.randn(16, 3)
    losses, _ = model.joint_losses(x, {"latent": z})
    at_p, at_q = model.critic(x), model.critic(model.sample(z))
    assert torch.equal(losses["critic"], (1 - at_p).relu().mean() + (1 + at_q).relu().mean())
    assert torch.equal(losses["generator"], -at_q.mean())
    assert step([make(), make(1)])["bound"].isfinite().all()


@dataclass(frozen=True)
class ReweightedBound:
    """E_P[D] − E_Q[r D], r the softmax of D over the batch (Song & Ermon 2020, KL-WGAN)."""

    divergence: Divergence

    def terms(self, critic_p: Tensor, critic_q: Tensor) -> tuple[Tensor, Tensor]:
        weights = critic_q.detach().softmax(0) * critic_q.shape[0]
        return critic_p, -weights * critic_q


def test_a_term_may_weigh_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BOUNDS, "ratio", ReweightedBound)  # type: ignore[arg-type]
    together, alone = step([make(), make(1)])["bound"], step([make()])["bound"]
    torch.testing.assert_close(together[0], alone[0])
