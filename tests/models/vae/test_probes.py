"""The spread of the encoder's gradient against plain autograd, and what of it reaches training."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from bench.models import VAE, make_cohort
from bench.models.base import NoiseSpec
from bench.models.settings import VAESettings
from bench.models.vae.gradient import GRADIENT_ESTIMATORS
from bench.models.vae.probes import make_probes, measure_spread
from bench.spec import TrainingSettings
from bench.training.batches import Batches
from bench.training.game import Game
from tests.models.vae.linear import linear_vae

NETWORK = {"latent": 2, "encoder": [4], "decoder": [4], "batch_norm": True}
OBJECTIVES: list[dict[str, Any]] = [
    {},
    {"gradient": "score_function", "kl": "monte_carlo"},
    {"objective": "iwae", "draws": 3},
]


def make(seed: int = 0, **factors: Any) -> VAE:
    torch.manual_seed(seed)
    return VAE(VAESettings.model_validate({"family": "vae", "network": NETWORK, "epsilon": 1.0} | factors), (1, 3, 3))


def gradient_of(model: VAE, x: Tensor, noise: Tensor) -> Tensor:
    """The encoder's gradient in one training step, flat."""
    losses, _ = model.losses(x, {"posterior": noise})
    gradients = torch.autograd.grad(-losses["model"], list(model.encoder.parameters()))
    return torch.cat([gradient.flatten() for gradient in gradients])


@pytest.mark.parametrize("factors", OBJECTIVES, ids=str)
def test_is_that_of_the_gradients_of_training_steps(factors: dict[str, Any]) -> None:
    model = make(gradient_probes=4, **factors)
    x = torch.rand(8, 1, 3, 3)
    noise = {name: torch.randn(8, *spec.shape) for name, spec in model.noise.items()}
    _, values = model.losses(x, noise)
    each = torch.stack([gradient_of(model, x, noise["probes"][:, probe]) for probe in range(4)])
    mean = each.mean(0)
    variance = (each - mean).square().sum() / 3
    torch.testing.assert_close(values["gradient_variance"], variance, rtol=1e-4, atol=0)
    expected = mean.square().sum() - variance / 4
    torch.testing.assert_close(values["squared_gradient"], expected, rtol=1e-4, atol=1e-4 * float(mean.square().sum()))
    assert not values["gradient_variance"].requires_grad


@pytest.mark.parametrize("factors", OBJECTIVES, ids=str)
def test_training_does_not_see_them(factors: dict[str, Any]) -> None:
    x = torch.rand(8, 1, 3, 3)
    probed, plain = make(gradient_probes=2, **factors), make(**factors)
    noise = {name: torch.randn(8, *spec.shape) for name, spec in probed.noise.items()}
    (losses, values), (expected, recorded) = (model.losses(x, noise_of(model, noise)) for model in (probed, plain))
    assert torch.equal(losses["model"], expected["model"])
    assert values.keys() - recorded.keys() == {"gradient_variance", "squared_gradient"}
    found = torch.autograd.grad(losses["model"], list(probed.parameters()))
    for one, other in zip(found, torch.autograd.grad(expected["model"], list(plain.parameters())), strict=True):
        assert torch.equal(one, other)


def noise_of(model: VAE, noise: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: noise[name] for name in model.noise}


@pytest.mark.parametrize("factors", OBJECTIVES, ids=str)
def test_a_cohort_records_what_each_seed_records_alone(factors: dict[str, Any]) -> None:
    """To float32's rounding of sums of squares."""
    data, seeds = torch.rand(64, 1, 3, 3, generator=torch.Generator().manual_seed(0)), (3, 1, 4)

    def record(seeds: tuple[int, ...]) -> dict[str, Tensor]:
        models = [make(seed, gradient_probes=3, **factors) for seed in seeds]
        game = Game(make_cohort(models), models[0], TrainingSettings())
        return game.step(Batches(data, models[0].noise, seeds, 16, 1), 0)

    together = record(seeds)
    for place, seed in enumerate(seeds):
        for name, value in record((seed,)).items():
            torch.testing.assert_close(together[name][place], value[0], rtol=1e-4, atol=1e-4)


def test_estimates_are_unbiased() -> None:
    """Gradients N(μ, diag s²): means over 20,000 sets of 3 within 5 standard errors of Σ s² and |μ|²."""
    mean, scale = torch.tensor([0.3, -0.2, 0.0]).double(), torch.tensor([1.0, 0.5, 2.0]).double()
    sets = mean + scale * torch.randn(20_000, 3, 3, generator=torch.Generator().manual_seed(0)).double()
    found = torch.func.vmap(measure_spread)(sets)
    exact = {"gradient_variance": scale.square().sum(), "squared_gradient": mean.square().sum()}
    for name, values in found.items():
        assert abs(float(values.mean() - exact[name])) < 5 * float(values.std()) / 20_000**0.5


@pytest.mark.parametrize("factors", [{}, {"kl": "monte_carlo", "posterior": "full_covariance"}], ids=str)
def test_both_estimators_have_one_mean_and_the_score_function_more_variance(factors: dict[str, Any]) -> None:
    """Each coordinate of the difference of the means of 20,000 gradients within 5 of its standard errors."""
    model = linear_vae(1, **factors)
    x = torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).double()
    noise = torch.randn(20_000, 3, 2, generator=torch.Generator().manual_seed(1)).double()
    found = model.elbo_gradients(x, noise)
    assert list(found) == list(GRADIENT_ESTIMATORS)
    pathwise, score = found["reparameterisation"], found["score_function"]
    assert pathwise.shape == (20_000, sum(p.numel() for p in model.encoder.parameters()))
    error = ((pathwise.var(0) + score.var(0)) / 20_000).sqrt()
    assert bool(((pathwise.mean(0) - score.mean(0)).abs() <= 5 * error + 1e-9).all())
    assert float(score.var(0).sum()) > float(pathwise.var(0).sum())


def test_noise_is_drawn_only_where_it_is_asked_for() -> None:
    assert make_probes(0, NoiseSpec((2,))) == {}
    assert make_probes(3, NoiseSpec((5, 2))) == {"probes": NoiseSpec((3, 5, 2))}
    assert "probes" not in make().noise


@pytest.mark.parametrize(("probes", "message"), [(1, "at least 2, since a variance"), (-1, "greater than or equal")])
def test_refuses_too_few(probes: int, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        VAESettings.model_validate({"family": "vae", "gradient_probes": probes})


def test_an_encoder_can_be_trained_alone() -> None:
    model = make(trained="encoder")
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    game = Game(make_cohort([model]), model, TrainingSettings(lr=0.1))
    game.step(Batches(torch.rand(16, 1, 3, 3), model.noise, [0], 8, 1), 0)
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved == {name for name in before if name.startswith("encoder")}
