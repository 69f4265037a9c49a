"""The VAE's parts are interchangeable: names, and an objective and a gradient estimator that the package has not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from bench.models import VAE, make_cohort
from bench.models.base import NoiseSpec
from bench.models.settings import VAESettings
from bench.models.vae.binarisation import BINARISATIONS
from bench.models.vae.gradient import GRADIENT_ESTIMATORS, GradientEstimator, Reparameterisation
from bench.models.vae.likelihood import LIKELIHOODS
from bench.models.vae.objective import OBJECTIVES, LatentVariableModel
from bench.models.vae.posterior import Posterior
from bench.spec import TrainingSettings
from bench.training.batches import Batches
from bench.training.game import Game

NETWORK = {"latent": 2, "encoder": [4], "decoder": [4]}


def make(**more: Any) -> VAE:
    torch.manual_seed(0)
    return VAE(VAESettings.model_validate({"family": "vae", "network": NETWORK} | more), (3,))


@pytest.mark.parametrize(("setting", "parts"), [("likelihood", LIKELIHOODS), ("binarisation", BINARISATIONS)])
def test_every_name_that_a_suite_can_use_has_a_part(setting: str, parts: Mapping[str, object]) -> None:
    assert set(get_args(VAESettings.model_fields[setting].annotation)) == set(parts)


@dataclass(frozen=True)
class ImportanceWeighted:
    """log 1/K Σ w (Burda et al. 2016, eq. 8)."""

    draws: int = 5

    def noise(self, latent: int) -> NoiseSpec:
        return NoiseSpec((self.draws, latent))

    def evaluate(self, model: LatentVariableModel, x: Tensor, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        weights = model.log_weights(x, noise.transpose(0, 1))
        bound = (weights.logsumexp(0) - math.log(self.draws)).mean()
        return bound, {"bound": bound}


@pytest.mark.parametrize("seeds", [(0,), (0, 1)], ids=["single", "cohort"])
def test_another_objective_is_one_object(monkeypatch: pytest.MonkeyPatch, seeds: tuple[int, ...]) -> None:
    """Its noise reaches it with a further axis, alone and under vmap, and one step raises it on that batch."""
    monkeypatch.setitem(OBJECTIVES, "elbo", ImportanceWeighted)  # type: ignore[arg-type]
    models = [make() for _ in seeds]
    data = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))
    batches = Batches(data, models[0].noise, seeds, 16, 1)
    assert batches.at(0, 0)[1]["posterior"].shape == (len(seeds), 16, 5, 2)
    cohort = make_cohort(models)
    game = Game(cohort, models[0], TrainingSettings(lr=1e-4, optimizer="sgd"))
    before = game.step(batches, 0)["bound"]
    after = cohort.call("losses", *batches.at(0, 0))[1]["bound"]
    assert before.shape == (len(seeds),)
    assert bool((after > before).all())


@dataclass(frozen=True)
class ScoreFunction:
    """h(z) ∂ log q(z), z held fixed (Glynn 1990; Williams 1992)."""

    def expectation(self, integrand: Callable[[Tensor], Tensor], posterior: Posterior, noise: Tensor) -> Tensor:
        z = posterior.at(noise).detach()
        value, log_q = integrand(z), Normal(posterior.mean, posterior.log_sigma.exp()).log_prob(z).sum(-1)
        return value + value.detach() * (log_q - log_q.detach())


@pytest.mark.parametrize("estimator", [Reparameterisation(), ScoreFunction()], ids=lambda e: type(e).__name__)
def test_gradient_estimators_are_unbiased(estimator: GradientEstimator) -> None:
    """E_q[z²] = μ² + σ², whose derivatives are 2μ and, in log σ, 2σ²: within 5 standard errors of 100,000 draws."""
    n, mean, log_sigma = 100_000, 0.7, -0.4
    posterior = Posterior(*(torch.full((n, 1), value, requires_grad=True) for value in (mean, log_sigma)))
    noise = torch.randn(n, 1, generator=torch.Generator().manual_seed(2))
    value = estimator.expectation(lambda z: z.square().sum(-1), posterior, noise)
    gradients = torch.autograd.grad(value.sum(), posterior)
    expected = mean**2 + math.exp(2 * log_sigma), 2 * mean, 2 * math.exp(2 * log_sigma)
    for found, exact in zip((value.detach(), *gradients), expected, strict=True):
        assert abs(found.double().mean().item() - exact) < 5 * found.double().std().item() / n**0.5


def test_another_gradient_estimator_is_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """It changes the encoder's gradient; neither a value nor the decoder's gradient."""
    x, noise = torch.randn(8, 3), torch.randn(8, 2)
    found = []
    for kind in (Reparameterisation, ScoreFunction):
        monkeypatch.setitem(GRADIENT_ESTIMATORS, "reparameterisation", kind)  # type: ignore[arg-type]
        model = make(epsilon=2.0)
        losses, values = model.losses(x, {"posterior": noise})
        losses["model"].backward()
        gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
        found.append((values["elbo"], gradients))
    (value, pathwise), (other_value, score) = found
    assert torch.equal(value, other_value)
    for name, gradient in pathwise.items():
        assert gradient is not None
        assert torch.equal(gradient, score[name]) == name.startswith("decoder"), name
