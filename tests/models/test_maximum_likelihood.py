"""Maximum likelihood of the linear generator: against torch.distributions and the optimum in closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from bench.errors import ArgumentError
from bench.models import MaximumLikelihood, make_cohort
from bench.models.settings import MLESettings
from bench.spec import TrainingSettings
from bench.training import train
from bench.training.batches import Batches
from bench.training.game import Game

SETTINGS = MLESettings(family="mle")


def make(d: int, seed: int | None = None) -> MaximumLikelihood:
    """A model as it starts, or with random parameters."""
    model = MaximumLikelihood(SETTINGS, (d,))
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        for parameter in model.parameters():
            parameter.data = 0.5 * torch.randn(parameter.shape, generator=generator)
    return model


def correlated(n: int) -> Tensor:
    mixing = torch.tensor([[1.2, 0.0, 0.0], [-0.5, 0.8, 0.0], [0.3, 0.2, 1.0]])
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(0)) @ mixing.T + torch.tensor([1.0, 0.0, -0.5])


@torch.no_grad()
@pytest.mark.parametrize("d", [1, 2, 5])
def test_log_likelihood_is_that_of_the_law(d: int) -> None:
    model, x = make(d, seed=d), torch.randn(7, d)
    expected = MultivariateNormal(model.mean, scale_tril=model.factor()).log_prob(x)
    torch.testing.assert_close(model.log_likelihood(x), expected, rtol=1e-5, atol=1e-5)
    law = model.law()
    assert law is not None
    torch.testing.assert_close(law.log_prob(x.double()), expected.double(), rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_samples_have_the_law() -> None:
    """`sample` is affine, so its values at 0 and at the unit vectors give its mean and covariance."""
    model = make(3, seed=4)
    law = model.law()
    assert law is not None
    mean = model.sample(torch.zeros(1, 3))
    columns = model.sample(torch.eye(3)) - mean
    torch.testing.assert_close(mean.squeeze(0).double(), law.mean)
    torch.testing.assert_close((columns.T @ columns).double(), law.covariance_matrix, rtol=1e-5, atol=1e-6)


def test_starts_at_the_standard_normal() -> None:
    law = make(3).law()
    assert law is not None
    assert torch.equal(law.mean, torch.zeros(3).double())
    assert torch.equal(law.covariance_matrix, torch.eye(3).double())


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)], ids=["single", "cohort"])
def test_reaches_the_mean_and_covariance_of_the_data(seeds: tuple[int, ...]) -> None:
    """The optimum is the data's own moments; gradient steps on all examples at once leave rounding only."""
    data = correlated(400)
    training = TrainingSettings(steps=200, batch_size=400, lr=0.2, optimizer="sgd", curve_points=200)
    trained = train(lambda: MaximumLikelihood(SETTINGS, (3,)), data, seeds, training)
    covariance = torch.cov(data.double().T, correction=0)
    for index in range(len(seeds)):
        model = trained.cohort.member(index)
        assert isinstance(model, MaximumLikelihood)
        law = model.law()
        assert law is not None
        torch.testing.assert_close(law.mean, data.double().mean(0), rtol=0, atol=1e-4)
        torch.testing.assert_close(law.covariance_matrix, covariance, rtol=1e-3, atol=1e-3)
        step, name, value = trained.curves.rows(index)[-1]
        entropy = 0.5 * (3 * math.log(2 * math.pi * math.e) + float(torch.logdet(covariance)))
        assert (step, name) == (200, "log_likelihood")
        assert value == pytest.approx(-entropy, abs=1e-4)


def test_a_step_in_a_cohort_equals_the_step_alone() -> None:
    data, training = correlated(64), TrainingSettings(lr=0.1, optimizer="sgd")

    def step(seeds: tuple[int, ...]) -> list[dict[str, Tensor]]:
        models = [make(3, seed=s) for s in seeds]
        cohort = make_cohort(models)
        Game(cohort, models[0], training).step(Batches(data, {}, seeds, 16, 1), 0)
        return [dict(cohort.member(i).state_dict()) for i in range(len(seeds))]

    together = step((3, 1))
    for seed, state in zip((3, 1), together, strict=True):
        (alone,) = step((seed,))
        for name, tensor in alone.items():
            torch.testing.assert_close(state[name], tensor, rtol=1e-5, atol=1e-6)


def test_images_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"family 'mle': found examples of shape \(1, 8, 8\); expected points"):
        MaximumLikelihood(SETTINGS, (1, 8, 8))
