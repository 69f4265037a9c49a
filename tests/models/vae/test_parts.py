"""The VAE's parts are interchangeable: every name has one, and an objective that the package has not is one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from bench.models import VAE, make_cohort
from bench.models.base import NoiseSpec
from bench.models.objective_names import NAMED
from bench.models.settings import VAESettings
from bench.models.vae.binarisation import BINARISATIONS
from bench.models.vae.gradient import GRADIENT_ESTIMATORS
from bench.models.vae.inference import Inference
from bench.models.vae.kl_term import KL_TERMS
from bench.models.vae.likelihood import LIKELIHOODS
from bench.models.vae.objective import OBJECTIVES
from bench.models.vae.posterior import POSTERIORS
from bench.spec import TrainingSettings
from bench.training.batches import Batches
from bench.training.game import Game

NETWORK = {"latent": 2, "encoder": [4], "decoder": [4]}


def make(**more: Any) -> VAE:
    torch.manual_seed(0)
    return VAE(VAESettings.model_validate({"family": "vae", "network": NETWORK} | more), (3,))


PARTS: dict[str, Mapping[str, object]] = {
    "likelihood": LIKELIHOODS,
    "binarisation": BINARISATIONS,
    "gradient": GRADIENT_ESTIMATORS,
    "kl": KL_TERMS,
    "posterior": POSTERIORS,
}


@pytest.mark.parametrize("setting", PARTS)
def test_every_name_that_a_suite_can_use_has_a_part(setting: str) -> None:
    assert set(get_args(VAESettings.model_fields[setting].annotation)) == set(PARTS[setting])


def test_every_objective_without_a_parameter_has_a_part() -> None:
    assert set(OBJECTIVES) == set(NAMED)


@dataclass(frozen=True)
class Best:
    """The larger of two log-weights."""

    def noise(self, latent: int) -> NoiseSpec:
        return NoiseSpec((2, latent))

    def evaluate(self, inference: Inference, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        bound = inference.log_weights(noise.transpose(0, 1)).amax(0).mean()
        return bound, {"best": bound}


@pytest.mark.parametrize("seeds", [(0,), (0, 1)], ids=["single", "cohort"])
def test_another_objective_is_one_object(monkeypatch: pytest.MonkeyPatch, seeds: tuple[int, ...]) -> None:
    """Its noise reaches it with a further axis, alone and under vmap, and one step raises it on that batch."""
    monkeypatch.setitem(OBJECTIVES, "elbo", lambda _: Best())  # type: ignore[arg-type]
    models = [make() for _ in seeds]
    data = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))
    batches = Batches(data, models[0].noise, seeds, 16, 1)
    assert batches.at(0, 0)[1]["posterior"].shape == (len(seeds), 16, 2, 2)
    cohort = make_cohort(models)
    game = Game(cohort, models[0], TrainingSettings(lr=1e-4, optimizer="sgd"))
    before = game.step(batches, 0)["best"]
    after = cohort.call("losses", *batches.at(0, 0))[1]["best"]
    assert before.shape == (len(seeds),)
    assert bool((after > before).all())
