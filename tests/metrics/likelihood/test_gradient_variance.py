"""The variance of the encoder's gradient: of gradients whose law is known, and of VAEs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.datasets.base import Dataset
from bench.errors import ArgumentError
from bench.metrics import METRICS
from bench.metrics.likelihood import measure_gradient_variance
from bench.metrics.likelihood.gradient_variance import GradientSums
from tests.models.vae.linear import linear_vae

from ..conftest import Sampler, SubjectMaker


class Known(nn.Module):
    """Gradients N(mean, scale²) by one estimator, and of ten times the scale by the other."""

    latent_dim = 2

    def __init__(self, mean: Tensor, scale: float) -> None:
        super().__init__()
        self.mean, self.scale = mean, scale

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def elbo_gradients(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        gradient = self.scale * noise[:, 0]
        return {"reparameterisation": self.mean + gradient, "score_function": self.mean + 10 * gradient}


def source() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("scale", [0.01, 0.3])
def test_is_relative_to_the_squared_norm_of_the_mean(scale: float) -> None:
    """2 s² / |μ|² for two coordinates. 5,000 draws: 5 standard errors, √(4/2·5000) of the variance, are below 8 %."""
    mean = torch.tensor([0.6, -0.8])
    found = measure_gradient_variance(Known(mean, scale), torch.zeros(3, 1), source(), draws=5000)
    expected = {"reparameterisation": 2 * scale**2, "score_function": 200 * scale**2}
    assert found == {name: pytest.approx(value, rel=0.08) for name, value in expected.items()}


def test_sums_are_those_of_numpy_whatever_the_parts() -> None:
    gradients = 1000 + torch.randn(23, 4, generator=source()).double()
    sums = GradientSums()
    for part in torch.split(gradients, 5):
        sums.add(part)
    array = gradients.numpy()
    variance = array.var(0, ddof=1).sum()
    assert sums.variance == pytest.approx(variance, rel=1e-8)
    assert sums.squared_mean == pytest.approx(np.square(array.mean(0)).sum() - variance / 23, rel=1e-12)


def test_nothing_is_said_of_a_gradient_that_is_nothing_but_noise() -> None:
    """|E g|² = 0: its unbiased estimate is below 0 for some sets of draws and never far above."""
    found = [
        measure_gradient_variance(Known(torch.zeros(2), 1.0), torch.zeros(3, 1), source(), draws=d) for d in (3, 9)
    ]
    assert {} in found


def test_of_a_vae_on_the_first_test_examples(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    model = linear_vae(2, 2, 2).float()
    subject = make_subject(points, normal, model=model)
    figures = METRICS["gradient_variance"].measure(subject)
    stream = subject.stream("gradient_variance")
    found = measure_gradient_variance(model, points.test[:100], stream, draws=200)
    assert figures == {f"gradient_variance_{name}": v for name, v in found.items()} | {"gradient_draws": 200.0}
    assert figures["gradient_variance_score_function"] > figures["gradient_variance_reparameterisation"] > 0


def test_is_that_of_many_other_draws() -> None:
    """20,000 gradients, all at once, against 2,000: both variances within a tenth of each other."""
    model, x = linear_vae(2, 3, 2), torch.randn(10, 3, generator=source()).double()
    noise = torch.randn(20_000, 10, 2, generator=torch.Generator().manual_seed(1)).double()
    gradients = model.elbo_gradients(x, noise)
    squared = float(gradients["reparameterisation"].mean(0).square().sum())
    found = measure_gradient_variance(model, x, source(), draws=2000)
    for name, each in gradients.items():
        assert found[name] == pytest.approx(float(each.var(0).sum()) / squared, rel=0.1)


def test_other_models_have_none(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    assert METRICS["gradient_variance"].measure(make_subject(points, normal)) == {}


def test_bad_input_is_refused() -> None:
    x = torch.zeros(3, 1)
    with pytest.raises(ArgumentError, match="gradient variance: draws = 1; expected at least 2 draws"):
        measure_gradient_variance(Known(torch.zeros(2), 1.0), x, source(), draws=1)
    with pytest.raises(ArgumentError, match="encoder's gradient"):
        measure_gradient_variance(Known(torch.tensor([torch.nan, 0.0]), 1.0), x, source())

    class Scored(Known):
        def elbo_gradients(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
            return {"score_function": noise[:, 0]}

    with pytest.raises(ArgumentError, match="found estimators score_function; expected reparameterisation among them"):
        measure_gradient_variance(Scored(torch.zeros(2), 1.0), x, source())
