"""The loop: exact resume, divergence, time limit, convergence to known optima."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from bench.errors import ArgumentError
from bench.models import METHODS, GenerativeModel
from bench.models.base import Losses, Noise
from bench.results import Folder, StoredFile
from bench.spec import TrainingSettings
from bench.streams import stream_seed
from bench.training import Checkpoint, Trained, finalise, train

SMALL: dict[str, Any] = {"latent": 2, "encoder": [8], "decoder": [8], "batch_norm": True}
VAE = {"family": "vae", "network": SMALL}
FGAN = {"family": "fgan", "divergence": "js", "network": {"latent": 2, "generator": [8], "critic": [8]}}
DATA = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))


def builder(method: dict[str, Any], shape: tuple[int, ...] = (2,)) -> Callable[[], GenerativeModel]:
    family = METHODS[method["family"]]
    return lambda: family.build(family.settings.model_validate(method), shape)


class KilledError(Exception):
    """Stands for a kill in the middle of training."""


def weights(trained: Trained) -> list[dict[str, Tensor]]:
    return [dict(trained.cohort.member(i).state_dict()) for i in range(trained.cohort.size)]


STEADY = FGAN | {"ema": 0.9, "spectral_norm": True, "r1": 0.5, "instance_noise": 0.1}


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
@pytest.mark.parametrize("method", [VAE, FGAN, STEADY], ids=["vae", "fgan", "steady"])
@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)], ids=["single", "cohort"])
def test_resumed_equals_uninterrupted_bit_for_bit(
    method: dict[str, Any], seeds: tuple[int, ...], optimizer: Any, tmp_path: Path
) -> None:
    training = TrainingSettings(steps=60, batch_size=16, curve_points=12, optimizer=optimizer)
    whole = train(builder(method), DATA, seeds, training)

    def kill(step: int) -> None:
        if step >= 30:
            raise KilledError

    checkpoint = Checkpoint(StoredFile(Folder(tmp_path), "c.pt"), {"runs": ["a"]}, interval=0)
    with pytest.raises(KilledError):
        train(builder(method), DATA, seeds, training, checkpoint=checkpoint, progress=kill)
    seen: list[int] = []
    resumed = train(builder(method), DATA, seeds, training, checkpoint=checkpoint, progress=seen.append)
    assert min(seen) == 30  # the kill came before the checkpoint of step 30 was written; that of step 25 was taken up
    for one, two in zip(weights(whole), weights(resumed), strict=True):
        assert all(torch.equal(one[name], two[name]) for name in one)
    for member in range(len(seeds)):
        assert whole.curves.rows(member) == resumed.curves.rows(member)


@pytest.mark.filterwarnings("error")
def test_a_checkpoint_of_other_runs_is_left_alone(tmp_path: Path) -> None:
    training = TrainingSettings(steps=5, batch_size=16, curve_points=5)
    train(
        builder(VAE),
        DATA,
        [0],
        training,
        checkpoint=Checkpoint(StoredFile(Folder(tmp_path), "c.pt"), {"runs": ["a"]}, interval=0),
    )
    seen: list[int] = []
    other = Checkpoint(StoredFile(Folder(tmp_path), "c.pt"), {"runs": ["b"]}, interval=0)
    train(builder(VAE), DATA, [0], training, checkpoint=other, progress=seen.append)
    assert seen == [1, 2, 3, 4, 5]


class Explodes(GenerativeModel):
    """Its loss is NaN from the third update on, for one seed only."""

    def __init__(self, unlucky: int) -> None:
        super().__init__()
        self.latent_dim = 1
        self.noise = {}
        lucky = torch.initial_seed() != stream_seed(unlucky, "init")
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.register_buffer("limit", torch.tensor(100.0 if lucky else 2.5))

    def losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """Descends by one unit of weight a step."""
        loss = self.weight.sum()
        loss = torch.where(loss < -self.limit, torch.nan, 1.0) * loss
        return {"model": loss}, {"loss": loss}


def test_a_seed_that_diverges_is_told_with_its_step_and_leaves_the_rest() -> None:
    training = TrainingSettings(steps=10, batch_size=4, curve_points=2, optimizer="sgd", lr=1.0)
    trained = train(lambda: Explodes(unlucky=7), DATA, [5, 7], training)
    assert [trained.curves.diverged_at(i) for i in (0, 1)] == [None, 3]
    assert trained.curves.rows(0)[-1][0] == 10
    alone = train(lambda: Explodes(unlucky=7), DATA, [7], training)
    assert alone.curves.all_diverged
    assert alone.curves.diverged_at(0) == 3


def test_batches_that_the_model_cannot_take_are_refused_before_the_first_step() -> None:
    seen: list[int] = []
    with pytest.raises(ArgumentError, match="found 9; expected a multiple of 2"):
        train(builder(FGAN | {"pack": 2}), DATA, [0], TrainingSettings(steps=1, batch_size=9), progress=seen.append)
    assert seen == []


def test_training_leaves_the_global_random_state_alone() -> None:
    before = torch.get_rng_state()
    trained = train(builder(VAE), DATA, [0], TrainingSettings(steps=3, batch_size=4))
    finalise(trained.cohort.member(0), DATA, 0, 4)
    assert torch.equal(torch.get_rng_state(), before)


def test_seeds_differ() -> None:
    trained = train(builder(VAE), DATA, [0, 1], TrainingSettings(steps=2, batch_size=4))
    one, two = weights(trained)
    assert not torch.equal(one["encoder.1.0.weight"], two["encoder.1.0.weight"])


def test_a_linear_vae_reaches_the_optimum_of_probabilistic_pca() -> None:
    """With a linear decoder and ε fixed, the optimal ELBO is the exact likelihood of N(mean, W Wᵀ + ε² I).

    Data with covariance diag(4, ε²): the best W is (√(4 − ε²), 0), and the model's density is the data's. The tolerance
    is what stochastic training at this rate leaves; the standard error of the mean over 2,000 points is 0.02.
    """
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(2000, 2, generator=generator) * torch.tensor([2.0, 0.5])
    network = {"latent": 1, "encoder": [], "decoder": []}
    method = {"family": "vae", "epsilon": 0.5, "network": network}
    trained = train(
        builder(method), data, [0], TrainingSettings(steps=3000, batch_size=256, lr=5e-3, betas=(0.9, 0.99))
    )
    elbo = [value for _, name, value in trained.curves.rows(0) if name == "elbo"]
    exact = torch.distributions.Normal(0.0, torch.tensor([2.0, 0.5])).log_prob(data).sum(1).mean().item()
    assert sum(elbo[-10:]) / 10 == pytest.approx(exact, abs=0.05)
