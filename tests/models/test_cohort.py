"""A seed's step in a cohort equals its step alone, for every family and network."""

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

MLP = {"latent": 2, "batch_norm": True}
CONV = {"latent": 2, "kind": "conv", "batch_norm": True}
GAN = {"generator": [4], "critic": [4]}
DCGAN = {"critic": [4, 4], "critic_batch_norm": True, "kernel": 5, "initialisation": "dcgan"}
AUTO = {"encoder": [4], "decoder": [4]}
METHODS_TRIED: list[dict[str, Any]] = [
    {"family": "vae", "network": MLP | AUTO},
    {"family": "vae", "likelihood": "bernoulli", "binarisation": "dynamic", "network": CONV | AUTO},
    {"family": "autoencoder", "network": CONV | AUTO},
    {"family": "fgan", "divergence": "jeffreys", "parameterisation": "fenchel", "network": MLP | GAN},
    {"family": "fgan", "divergence": "kl", "critic_steps": 2, "network": CONV | GAN},
    {"family": "fgan", "divergence": "js", "update": "single_step", "network": MLP | GAN | {"prior": "uniform"}},
    {"family": "fgan", "divergence": "js", "pack": 4, "network": CONV | GAN},
    {"family": "hinge_gan", "network": MLP | GAN},
    {"family": "kl_wgan", "pack": 2, "critic_steps": 2, "network": MLP | GAN},
    {"family": "fgan", "divergence": "js", "network": MLP | GAN | {"critic_activation": "maxout"}},
    {"family": "fgan", "divergence": "js", "generator_steps": 2, "network": CONV | GAN | DCGAN},
    {"family": "fgan", "divergence": "js", "instance_noise": 0.5, "network": CONV | GAN},
    {"family": "fgan", "divergence": "js", "r1": 3.0, "pack": 2, "network": MLP | GAN},
    {"family": "fgan", "divergence": "js", "r1": 3.0, "update": "single_step", "network": CONV | GAN},
    {"family": "fgan", "divergence": "js", "spectral_norm": True, "critic_steps": 3, "network": MLP | GAN},
    {"family": "hinge_gan", "spectral_norm": True, "r1": 1.0, "instance_noise": 0.1, "network": CONV | GAN},
    {"family": "fgan", "divergence": "kl", "update": "single_step", "network": MLP | GAN | {"generator": []}},
]
SHAPE = (1, 8, 8)
SEEDS = (3, 1, 4)


def builder(method: dict[str, Any]) -> Callable[[], GenerativeModel]:
    family = METHODS[method["family"]]
    settings = family.settings.model_validate(method)
    return lambda: family.build(settings, SHAPE)


def after_one_step(method: dict[str, Any], seeds: tuple[int, ...], optimizer: str) -> list[dict[str, torch.Tensor]]:
    data = torch.rand(64, *SHAPE, generator=torch.Generator().manual_seed(0))
    models = [initialise(builder(method), seed) for seed in seeds]
    cohort = make_cohort(models)
    game = Game(cohort, models[0], TrainingSettings(lr=0.01, optimizer=optimizer))  # type: ignore[arg-type]
    game.step(Batches(data, models[0].noise, seeds, 16, len(models[0].moves)), 0)
    return [dict(cohort.member(i).state_dict()) for i in range(len(seeds))]


@pytest.mark.parametrize("method", METHODS_TRIED, ids=lambda m: f"{m['family']}-{m['network'].get('kind', 'mlp')}")
def test_a_step_in_a_cohort_equals_the_step_alone(method: dict[str, Any]) -> None:
    """With plain gradient descent, whose step is the gradient, the difference is rounding: a few float32 ulps."""
    together = after_one_step(method, SEEDS, "sgd")
    for seed, state in zip(SEEDS, together, strict=True):
        (alone,) = after_one_step(method, (seed,), "sgd")
        for name, tensor in alone.items():
            assert torch.allclose(state[name], tensor, rtol=1e-5, atol=1e-6), name


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_optimisers_see_gradients_laid_out_like_parameters(optimizer: str) -> None:
    """Gradients from vmap are strided, which a fused kernel would misread: the first step would be astray by 2 lr."""
    method = METHODS_TRIED[0]
    together = after_one_step(method, SEEDS, optimizer)
    (alone,) = after_one_step(method, SEEDS[:1], optimizer)
    moved = [(together[0][name] - tensor).abs().flatten() for name, tensor in alone.items()]
    # the first step is lr · sign(gradient), RMSprop's ten times that: only those that are zero up to rounding differ
    assert (torch.cat(moved) > 1e-3).float().mean() < 0.01


def test_members_do_not_touch_each_other() -> None:
    method = METHODS_TRIED[0]
    models = [initialise(builder(method), seed) for seed in SEEDS]
    cohort = make_cohort(models)
    with torch.no_grad():
        cohort.parameters("decoder")[0][1] = torch.nan
    game = Game(cohort, models[0], TrainingSettings())
    data = torch.rand(64, *SHAPE)
    game.step(Batches(data, models[0].noise, SEEDS, 16, 1), 0)
    finite = [all(bool(t.isfinite().all()) for t in cohort.member(i).state_dict().values()) for i in range(3)]
    assert finite == [True, False, True]


def test_state_round_trip() -> None:
    for seeds in (SEEDS, SEEDS[:1]):
        one, two = (make_cohort([initialise(builder(METHODS_TRIED[0]), s + i) for s in seeds]) for i in (0, 10))
        two.load({name: tensor.clone() for name, tensor in one.state().items()})
        for index in range(len(seeds)):
            states = one.member(index).state_dict(), two.member(index).state_dict()
            assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
