"""The VAE's terms against torch.distributions and Monte Carlo."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from bench.models.settings import AutoencoderNetwork, VAESettings
from bench.models.vae import VAE

NETWORK = AutoencoderNetwork(latent=3, encoder=(8,), decoder=(8,))


def make(likelihood: str = "gaussian", shape: tuple[int, ...] = (5,), **more: object) -> VAE:
    torch.manual_seed(0)
    settings = VAESettings.model_validate({"family": "vae", "likelihood": likelihood, "network": NETWORK} | more)
    return VAE(settings, shape).eval()


@torch.no_grad()
def test_gaussian_likelihood_has_every_constant() -> None:
    model = make(epsilon=0.3)
    x, z = torch.randn(7, 5), torch.randn(7, 3)
    expected = Independent(Normal(model.sample(z), 0.3), 1).log_prob(x)
    assert torch.allclose(model.log_likelihood(x, z), expected, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("binary", [True, False])
def test_bernoulli_likelihood(binary: bool) -> None:
    model = make("bernoulli", (1, 4, 4))
    x, z = torch.rand(7, 1, 4, 4), torch.randn(7, 3)
    x = x.round() if binary else x
    expected = Independent(Bernoulli(logits=model.decoder(z), validate_args=False), 3).log_prob(x)
    assert torch.allclose(model.log_likelihood(x, z), expected, rtol=1e-5)


@torch.no_grad()
def test_kl_term_equals_the_closed_form_of_torch() -> None:
    model = make()
    x = torch.randn(7, 5)
    mean, log_sigma = model.posterior(x)
    expected = kl_divergence(Normal(mean, log_sigma.exp()), Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(model.elbo_terms(x, torch.randn(7, 3))[1], expected, rtol=1e-5)


@torch.no_grad()
def test_elbo_is_below_the_marginal_likelihood() -> None:
    """Log p(x) by importance sampling with 50,000 draws from the posterior; its error is far below the gap."""
    model = make(epsilon=1.0)
    x = torch.randn(1, 5)
    noise = torch.randn(50_000, 3)
    many = x.expand(50_000, -1)
    mean, log_sigma = model.posterior(many)
    z = mean + log_sigma.exp() * noise
    prior, posterior = Normal(0.0, 1.0).log_prob(z).sum(1), Normal(mean, log_sigma.exp()).log_prob(z).sum(1)
    weights = model.log_likelihood(many, z) + prior - posterior
    marginal = weights.logsumexp(0) - torch.tensor(50_000.0).log()
    reconstruction, kl = model.elbo_terms(many, noise)
    assert (reconstruction - kl).mean() < marginal


def test_losses_are_the_negative_elbo() -> None:
    model = make()
    x, noise = torch.randn(6, 5), torch.randn(6, 3)
    losses, values = model.losses(x, {"posterior": noise})
    reconstruction, kl = model.elbo_terms(x, noise)
    assert torch.allclose(losses["model"], -(reconstruction - kl).mean())
    assert torch.allclose(values["elbo"], values["reconstruction"] - values["kl"])


def test_binarisation() -> None:
    x = torch.rand(50, 1, 4, 4)
    assert make("bernoulli", (1, 4, 4)).training_data(x) is x
    static = make("bernoulli", (1, 4, 4), binarisation="static")
    assert set(static.training_data(x).unique().tolist()) == {0.0, 1.0}
    assert torch.equal(static.training_data(x), static.training_data(x))
    dynamic = make("bernoulli", (1, 4, 4), binarisation="dynamic")
    assert dynamic.training_data(x) is x
    assert set(dynamic.noise) == {"posterior", "binarisation"}


def test_samples_of_images_are_in_range() -> None:
    samples = make("gaussian", (1, 4, 4)).sample(10 * torch.randn(20, 3))
    assert samples.shape == (20, 1, 4, 4)
    assert bool(((samples >= 0) & (samples <= 1)).all())
