"""How loose the ELBO is, against the ELBO by moments, quadrature, and the closed form of the best mean field."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bench.datasets.base import Dataset
from bench.errors import ArgumentError
from bench.metrics import METRICS
from bench.metrics.likelihood import measure_posterior_gap
from bench.models import METHODS
from bench.models.vae import VAE
from bench.spec import TrainingSettings
from bench.training import train
from tests.models.vae.linear import exact_elbo, linear_vae, marginal, only_map

from ..conftest import Sampler, SubjectMaker

FORM = st.sampled_from(["mean_field", "full_covariance"])
SEED = st.integers(0, 10**6)


def normal(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)).double()


def precision_of(model: VAE) -> np.ndarray:
    """Λ = I + WᵀW/ε², by NumPy."""
    weight = only_map(model.decoder).weight.detach().numpy()
    found: np.ndarray = np.eye(weight.shape[1]) + weight.T @ weight / model.settings.epsilon**2
    return found


@torch.no_grad()
def fit_encoder(model: VAE) -> VAE:
    """The encoder whose mean is the true posterior's, and whose covariance is as near to it as its form allows."""
    decoder, encoder, precision = only_map(model.decoder), only_map(model.encoder), torch.tensor(precision_of(model))
    latent = len(precision)
    mean = torch.linalg.solve(precision, decoder.weight.T) / model.settings.epsilon**2
    encoder.weight.zero_()
    encoder.weight[:latent] = mean
    encoder.bias[:latent] = -mean @ decoder.bias
    if model.settings.posterior == "mean_field":
        encoder.bias[latent:] = -0.5 * precision.diagonal().log()
        return model
    factor = torch.linalg.cholesky(torch.linalg.inv(precision))
    encoder.bias[latent : 2 * latent] = factor.diagonal().log()
    encoder.bias[2 * latent :] = factor[*torch.tril_indices(latent, latent, -1)]
    return model


@given(seed=SEED, form=FORM, d=st.integers(1, 5), latent=st.integers(1, 4), epsilon=st.floats(0.1, 2))
@torch.no_grad()
def test_is_the_log_likelihood_less_the_elbo(seed: int, form: str, d: int, latent: int, epsilon: float) -> None:
    model, x = linear_vae(seed, d, latent, epsilon, posterior=form), normal(7, d, seed)
    found = measure_posterior_gap(model, x)
    exact = marginal(model).log_prob(x)
    gaps = exact - exact_elbo(model, model.posterior(x), x)
    for name, values in (("log_likelihood_exact", exact), ("posterior_gap", gaps)):
        assert found[name] == pytest.approx(float(values.mean()), rel=1e-8, abs=1e-8)
        assert found[f"{name}_se"] == pytest.approx(float(values.std()) / math.sqrt(7), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("form", ["mean_field", "full_covariance"])
@pytest.mark.parametrize("latent", [1, 2])
@torch.no_grad()
def test_equals_quadrature(latent: int, form: str) -> None:
    """Log p(x) and KL(q ‖ p(z|x)) by sums over a grid of z, whose error is below rounding for such smooth densities."""
    model, x = linear_vae(5, 2, latent, 0.8, posterior=form), normal(1, 2, 5)
    line = torch.linspace(-40, 40, 801, dtype=torch.float64)
    z = torch.cartesian_prod(*[line] * latent).reshape(-1, latent)
    cell = float(line[1] - line[0]) ** latent
    posterior = model.posterior(x)
    prior = -0.5 * z.square().sum(1) - latent / 2 * math.log(2 * math.pi)
    joint = prior + model.log_likelihood(x, z[:, None])[:, 0]
    evidence = float(joint.exp().sum() * cell)
    law = torch.distributions.MultivariateNormal(posterior.mean[0], posterior.covariance()[0])
    log_q = law.log_prob(z)
    kl = float((log_q.exp() * (log_q - joint + math.log(evidence))).sum() * cell)
    found = measure_posterior_gap(model, x)
    assert found["log_likelihood_exact"] == pytest.approx(math.log(evidence), abs=1e-9)
    assert found["posterior_gap"] == pytest.approx(kl, abs=1e-9)
    assert "posterior_gap_se" not in found


@given(seed=SEED, latent=st.integers(1, 5))
def test_of_the_best_encoders(seed: int, latent: int) -> None:
    """None for a full covariance; ½ (log det diag Λ − log det Λ) for a mean field."""
    x = normal(5, 4, seed)
    for form in ("mean_field", "full_covariance"):
        model = fit_encoder(linear_vae(seed, 4, latent, posterior=form))
        precision = precision_of(model)
        best = 0.5 * (np.log(precision.diagonal()).sum() - np.linalg.slogdet(precision)[1])
        found = measure_posterior_gap(model, x)
        assert found["mean_field_gap"] == pytest.approx(best, abs=1e-9)
        assert found["posterior_gap"] == pytest.approx(best if form == "mean_field" else 0.0, abs=1e-9)


@given(seed=SEED, moved=st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=6))
def test_no_mean_field_has_less(seed: int, moved: list[float]) -> None:
    model = fit_encoder(linear_vae(seed, 4, 3))
    with torch.no_grad():
        only_map(model.encoder).bias += torch.tensor(moved)
    found = measure_posterior_gap(model, normal(5, 4, seed))
    assert found["posterior_gap"] >= found["mean_field_gap"] - 1e-9


@pytest.mark.parametrize("form", ["mean_field", "full_covariance"])
def test_training_the_encoder_reaches_the_best_of_its_form(form: str) -> None:
    """The decoder stays as it is. 0.02 is what the noise of Adam's constant step leaves."""

    def build() -> VAE:
        model = linear_vae(0, posterior=form, trained="encoder").float()
        with torch.no_grad():
            only_map(model.decoder).weight.copy_(torch.tensor([[1.0, 0.8], [0.8, 1.0], [0.0, 0.5]]))
        return model

    plan = TrainingSettings(steps=600, batch_size=256, lr=0.02, betas=(0.9, 0.999))
    trained = train(build, normal(4000, 3).float(), [1], plan)
    model = trained.cohort.member(0).eval()
    assert isinstance(model, VAE)
    found = measure_posterior_gap(model, normal(500, 3, 1).float())
    assert found["mean_field_gap"] > 0.1
    least = found["mean_field_gap"] if form == "mean_field" else 0.0
    assert least - 1e-6 <= found["posterior_gap"] <= least + 0.02


OTHERS: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({"network": {"encoder": [], "decoder": [3]}}, (2,)),
    ({"network": {"encoder": [], "decoder": []}}, (1, 2, 2)),
    ({"network": {"encoder": [], "decoder": []}, "likelihood": "bernoulli"}, (1, 2, 2)),
]


@pytest.mark.parametrize(("block", "shape"), OTHERS)
def test_other_models_have_none(
    block: dict[str, Any], shape: tuple[int, ...], make_subject: SubjectMaker, normal: Sampler
) -> None:
    family = METHODS["vae"]
    model = family.build(family.settings(family="vae", **block), shape).eval()
    splits = torch.rand(3, 20, *shape)
    assert METRICS["posterior_gap"].measure(make_subject(Dataset("made", *splits, "0"), normal, model=model)) == {}


def test_models_without_a_likelihood_have_none(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    assert METRICS["posterior_gap"].measure(make_subject(points, normal)) == {}


def test_is_measured_on_the_test_split(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    model = linear_vae(0, 2).float()
    found = METRICS["posterior_gap"].measure(make_subject(points, normal, model=model))
    assert found == measure_posterior_gap(model, points.test)
    assert next(model.parameters()).dtype == torch.float32


def test_values_that_are_not_finite_are_refused() -> None:
    model = linear_vae(0, 2)
    with torch.no_grad():
        only_map(model.encoder).bias[0] = torch.nan
    with pytest.raises(ArgumentError, match="posterior_gap"):
        measure_posterior_gap(model, normal(5, 2))
