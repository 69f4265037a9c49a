"""The linear-Gaussian VAE, probabilistic PCA, whose likelihood is known: log N(x; b, WWᵀ + ε²I).

Its bounds are ordered ELBO ≤ IW_K ≤ log p(x), and all three are equal where the encoder is the exact posterior, which a
mean-field one can be if WᵀW is diagonal, as at the maximum of the likelihood (Tipping & Bishop 1999, sec. 3.2).
"""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from bench.metrics.likelihood import evaluate_elbo, importance_weighted_bound
from bench.models.settings import AutoencoderNetwork, VAESettings
from bench.models.vae import VAE
from bench.spec import TrainingSettings
from bench.training import train

DRAWS = 4000
DECIDED = st.tuples(st.integers(1, 6), st.integers(1, 3), st.floats(0.2, 2), st.integers(0, 10**6))
"""Dimension of x, at most so many latents, ε, and the seed of all else."""


def linear_vae(d: int, latent: int, epsilon: float) -> VAE:
    network = AutoencoderNetwork(latent=latent, encoder=(), decoder=())
    return VAE(VAESettings(family="vae", epsilon=epsilon, network=network), (d,)).eval()


def only_map(network: nn.Module) -> nn.Linear:
    (found,) = (module for module in network.modules() if isinstance(module, nn.Linear))
    return found


@torch.no_grad()
def exact_posterior(model: VAE) -> VAE:
    """The same decoder, its loadings made orthogonal, and the encoder that is its posterior (ibid., sec. 3.1)."""
    decoder, encoder = only_map(model.decoder), only_map(model.encoder)
    left, sizes, _ = torch.linalg.svd(decoder.weight, full_matrices=False)
    decoder.weight.zero_()
    decoder.weight[:, : len(sizes)] = left * sizes
    precision = decoder.weight.square().sum(0) + model.settings.epsilon**2
    mean = decoder.weight.T / precision[:, None]
    log_sigma = 0.5 * (model.settings.epsilon**2 / precision).log()
    encoder.weight.copy_(torch.cat([mean, torch.zeros_like(mean)]))
    encoder.bias.copy_(torch.cat([-mean @ decoder.bias, log_sigma]))
    return model


@torch.no_grad()
def random_instance(decided: tuple[int, int, float, int]) -> tuple[VAE, Tensor, Tensor]:
    """A model with a poor encoder, in float64, one example drawn from it many times over, and its log p(x)."""
    d, latent, epsilon, seed = decided
    torch.manual_seed(seed)
    model = linear_vae(d, min(latent, d), epsilon).double()
    for parameter in model.parameters():
        parameter.copy_(0.5 * torch.randn_like(parameter))
    only_map(model.encoder).weight.mul_(0.2)
    law = marginal(model)
    x = law.sample()
    return model, x.expand(DRAWS, -1), law.log_prob(x)


def marginal(model: VAE) -> MultivariateNormal:
    decoder = only_map(model.decoder)
    weight = decoder.weight.detach().double()
    covariance = weight @ weight.T + model.settings.epsilon**2 * torch.eye(len(weight), dtype=torch.float64)
    return MultivariateNormal(decoder.bias.detach().double(), covariance)


def elbo_in_closed_form(model: VAE, x: Tensor) -> Tensor:
    """E_q log N(x; Wz + b, ε²I) − KL(q ‖ N(0, I)) of each example, without any noise."""
    decoder, variance = only_map(model.decoder), model.settings.epsilon**2
    mean, log_sigma = model.posterior(x)
    spread = (2 * log_sigma).exp()
    residual = (x - mean @ decoder.weight.T - decoder.bias).square().sum(1) + spread @ decoder.weight.square().sum(0)
    kl = 0.5 * (mean.square() + spread - 1 - 2 * log_sigma).sum(1)
    return -0.5 * (residual / variance + x.shape[1] * math.log(2 * math.pi * variance)) - kl


def bounds(model: VAE, x: Tensor, samples: int) -> tuple[float, float]:
    """IW_K and its standard error."""
    metric = importance_weighted_bound(model, x, torch.Generator().manual_seed(2), samples=samples)
    figures = metric.compute()
    return float(figures["log_likelihood_iw"]), float(figures["log_likelihood_iw_se"])


def elbo(model: VAE, x: Tensor) -> tuple[float, float]:
    """ELBO and its standard error."""
    figures = evaluate_elbo(model, x, torch.Generator().manual_seed(1)).compute()
    return float(figures["elbo"]), float(figures["elbo_se"])


@settings(max_examples=30)
@given(decided=DECIDED)
@torch.no_grad()
def test_bounds_are_in_order(decided: tuple[int, int, float, int]) -> None:
    """For a poor encoder, each to 5 standard errors over 4,000 draws for one example."""
    model, x, exact = random_instance(decided)
    in_closed_form = float(elbo_in_closed_form(model, x[:1]))
    assert in_closed_form <= float(exact)
    value, se = elbo(model, x)
    assert value == pytest.approx(in_closed_form, abs=5 * se)
    below, se_below = bounds(model, x, 1)
    assert below == pytest.approx(in_closed_form, abs=5 * se_below)
    for samples in (4, 16, 64):
        value, se = bounds(model, x, samples)
        assert below - 5 * (se + se_below) <= value <= float(exact) + 5 * se
        below, se_below = value, se


@torch.no_grad()
def test_bound_rises_to_the_likelihood() -> None:
    """Strictly, where one draw is far from enough: the gap falls to less than a tenth, far more than its error."""
    model, x, exact = random_instance((4, 2, 0.5, 3))
    gaps = [float(exact) - bounds(model, x, samples)[0] for samples in (1, 4, 16, 64, 256)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 1
    assert gaps[-1] < 0.1 * gaps[0]


@settings(max_examples=30)
@given(decided=DECIDED, widening=st.floats(0, 0.5), shift=st.floats(-0.5, 0.5))
@torch.no_grad()
def test_weights_average_to_the_likelihood(decided: tuple[int, int, float, int], widening: float, shift: float) -> None:
    """E_q[p(x, z) / q(z|x)] = p(x). An encoder wider than the posterior has weights of finite variance: 5 errors."""
    model, x, exact = random_instance(decided)
    model = exact_posterior(model)
    encoder = only_map(model.encoder)
    encoder.bias[: model.latent_dim] += shift
    encoder.bias[model.latent_dim :] += widening + shift**2
    noise = torch.randn(DRAWS, 1, model.latent_dim, generator=torch.Generator().manual_seed(0)).double()
    ratios = (model.log_weights(x[:1], noise) - exact).exp()
    assert float(ratios.mean()) == pytest.approx(1, abs=5 * float(ratios.std()) / math.sqrt(DRAWS) + 1e-9)


@settings(max_examples=50)
@given(decided=DECIDED, single=st.booleans())
@torch.no_grad()
def test_all_are_equal_for_the_exact_posterior(decided: tuple[int, int, float, int], single: bool) -> None:
    """Log-weights are then the same for every z; in float32 to the rounding of squares over ε²."""
    model, x, exact = random_instance(decided)
    model = exact_posterior(model)
    assert float(elbo_in_closed_form(model, x[:1])) == pytest.approx(float(exact), rel=1e-9, abs=1e-9)
    value, se = elbo(model, x)
    assert value == pytest.approx(float(exact), abs=5 * se + 1e-9)
    if single:
        model, x = model.float(), x.float()
    for samples in (1, 7):
        value, se = bounds(model, x[:100], samples)
        assert value == pytest.approx(float(exact), rel=1e-4 if single else 1e-9, abs=1e-3 if single else 1e-9)
        assert se < (1e-4 if single else 1e-6)


def maximum_likelihood(x: Tensor, latent: int, epsilon: float) -> float:
    """Mean log-likelihood of x under the best W and b: eigenvalues beyond the first `latent` become ε² (ibid., app. A).

    E log N = −½ (d log 2π + Σ log c_i + Σ λ_i / c_i), with λ the sample covariance's eigenvalues and c the model's.
    """
    spectrum = torch.linalg.eigvalsh(torch.cov(x.double().T, correction=0)).flip(0)
    fitted = spectrum.clamp(min=epsilon**2)
    fitted[latent:] = epsilon**2
    return float(-0.5 * (math.log(2 * math.pi) + fitted.log() + spectrum / fitted).sum())


def test_trained_linear_vae_approaches_maximum_likelihood_from_below() -> None:
    """The means are over the same examples, so their only noise is that of z: log-weights vary by about 0.1.

    Over 8,000 examples of 32 draws that makes 0.1 / √256,000 = 0.0002. What 0.02 allows is Adam's constant step.
    """
    generator = torch.Generator().manual_seed(0)
    loadings = torch.tensor([[1.5, 0.0], [1.0, 0.8], [0.0, -1.0], [0.5, 0.5], [-0.3, 0.2]])
    z, noise = torch.randn(8000, 2, generator=generator), torch.randn(8000, 5, generator=generator)
    x = z @ loadings.T + 0.5 * noise + torch.linspace(-0.5, 0.5, 5)
    plan = TrainingSettings(steps=1500, batch_size=1024, lr=0.02)
    model = train(lambda: linear_vae(5, 2, 0.5), x, [0], plan).cohort.member(0).double().eval()
    assert isinstance(model, VAE)
    best, x = maximum_likelihood(x, 2, 0.5), x.double()
    with torch.no_grad():
        reached = float(elbo_in_closed_form(model, x).mean())
        assert float(elbo_in_closed_form(linear_vae(5, 2, 0.5).double(), x).mean()) < best - 5
    exact = float(marginal(model).log_prob(x).mean())
    assert best - 0.02 < reached < exact <= best
    value, se = elbo(model, x)
    assert value == pytest.approx(reached, abs=5 * se)
    assert reached - 1e-3 < bounds(model, x, 32)[0] <= exact + 1e-3
