"""The VAE's terms against torch.distributions and Monte Carlo."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from bench.errors import ArgumentError
from bench.metrics.likelihood import HasLogWeights, HasObserved, HasPosteriorMean
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


SHAPES = {"gaussian": (1, 4, 4), "bernoulli": (1, 4, 4), "points": (5,)}


@given(
    kind=st.sampled_from(sorted(SHAPES)),
    seed=st.integers(0, 10**6),
    draws=st.integers(1, 5),
    n=st.integers(1, 5),
    epsilon=st.floats(0.05, 2),
    scale=st.floats(0.1, 5),
)
@torch.no_grad()
def test_log_weights_equal_those_of_torch_in_float64(
    kind: str, seed: int, draws: int, n: int, epsilon: float, scale: float
) -> None:
    """In float32 to its rounding of the sums: 1e-5 of the sum of their terms' sizes."""
    likelihood, shape = "bernoulli" if kind == "bernoulli" else "gaussian", SHAPES[kind]
    model = make(likelihood, shape, epsilon=epsilon)
    torch.manual_seed(seed)
    for parameter in model.parameters():
        parameter.copy_(scale * torch.randn_like(parameter) / 3)
    x, noise = torch.rand(n, *shape), torch.randn(draws, n, 3)
    found = model.log_weights(x, noise)

    exact = model.double()
    mean, log_sigma = exact.posterior(x.double())
    posterior = Normal(mean, log_sigma.exp())
    z = mean + log_sigma.exp() * noise
    output = torch.stack([exact.decoder(each) for each in z])
    law = Bernoulli(logits=output, validate_args=False)
    if likelihood == "gaussian":
        law = Normal(output.sigmoid() if len(shape) == 3 else output, epsilon)
    terms = [
        law.log_prob(x.double()).flatten(2),
        Normal(0.0, 1.0).log_prob(z.double()),
        -posterior.log_prob(z),
    ]
    expected = sum(term.sum(-1) for term in terms)
    size = sum(term.abs().sum(-1) for term in terms)
    assert found.shape == (draws, n)
    assert bool(((found - expected).abs() <= 1e-5 * size).all())


@torch.no_grad()
def test_log_likelihood_of_several_draws_is_that_of_each() -> None:
    model = make("bernoulli", (1, 4, 4))
    x, z = torch.rand(6, 1, 4, 4), torch.randn(5, 6, 3)
    each = torch.stack([model.log_likelihood(x, draw) for draw in z])
    torch.testing.assert_close(model.log_likelihood(x, z), each)


@torch.no_grad()
def test_logits_of_any_size_are_finite() -> None:
    """Saturated pixels: log p is 0 where they agree with the data, and minus the logit where they do not."""
    model = make("bernoulli", (1, 4, 4))
    for parameter in model.decoder.parameters():
        parameter.zero_()
    last = [module for module in model.decoder.modules() if isinstance(module, torch.nn.Linear)][-1]
    last.bias.fill_(200.0)
    found = model.log_likelihood(torch.stack([torch.ones(1, 4, 4), torch.zeros(1, 4, 4)]), torch.zeros(2, 3))
    assert found.tolist() == [0.0, -3200.0]


def test_is_all_that_likelihood_metrics_ask_of_a_model() -> None:
    model = make()
    assert isinstance(model, HasLogWeights)
    assert isinstance(model, HasPosteriorMean)
    assert isinstance(model, HasObserved)
    x = torch.randn(4, 5)
    assert torch.equal(model.posterior_mean(x), model.posterior(x)[0])


def test_binarisation() -> None:
    x = torch.rand(50, 1, 4, 4)
    assert make("bernoulli", (1, 4, 4)).training_data(x) is x
    static = make("bernoulli", (1, 4, 4), binarisation="static")
    assert set(static.training_data(x).unique().tolist()) == {0.0, 1.0}
    assert torch.equal(static.training_data(x), static.training_data(x))
    dynamic = make("bernoulli", (1, 4, 4), binarisation="dynamic")
    assert dynamic.training_data(x) is x
    assert set(dynamic.noise) == {"posterior", "binarisation"}
    assert torch.equal(dynamic.observed(x), static.observed(x))
    assert make("bernoulli", (1, 4, 4)).observed(x) is x


def test_binarised_pixels_have_their_grey_values_as_means() -> None:
    """Over 20,000 pixels of each grey value, within 5 standard errors; black and white stay as they are."""
    model = make("bernoulli", (1, 2, 3), binarisation="static")
    grey = torch.tensor([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]).reshape(1, 1, 2, 3).expand(20_000, -1, -1, -1)
    for binary in (model.observed(grey), model.training_data(grey)):
        deviation = (binary.double().mean(0) - grey[0]).abs()
        assert bool((deviation <= 5 * (grey[0] * (1 - grey[0]) / 20_000).sqrt()).all())
        assert torch.equal(model.observed(binary), binary)


def test_splits_are_binarised_by_unrelated_draws() -> None:
    """The same grey examples become pixels whose correlation is that of 16,000 independent pairs: below 5 / √16,000."""
    model = make("bernoulli", (1, 4, 4), binarisation="static")
    grey = torch.full((1000, 1, 4, 4), 0.5)
    train, test = (2 * x - 1 for x in (model.training_data(grey), model.observed(grey)))
    assert abs(float((train * test).mean())) < 5 / 16_000**0.5


def test_draws_of_an_example_are_the_same_for_every_seed_and_method() -> None:
    x = torch.rand(20, 1, 4, 4)
    torch.manual_seed(1)
    first = make("bernoulli", (1, 4, 4), binarisation="static").observed(x)
    torch.manual_seed(2)
    other = make("gaussian", (1, 4, 4), binarisation="dynamic", epsilon=0.5).observed(x)
    assert torch.equal(first, other)
    assert torch.equal(first, make("bernoulli", (1, 4, 4), binarisation="static").observed(x.double()).float())


def test_names_its_binarisation() -> None:
    for kind in ("none", "static", "dynamic"):
        assert make("bernoulli", (1, 4, 4), binarisation=kind).binarisation == kind
    assert make().binarisation is None


def test_batch_norm_statistics_come_from_examples_as_they_are_observed() -> None:
    """The encoder of binarised images never meets a grey pixel, in `collect` neither."""
    network = {"network": {**NETWORK.model_dump(), "batch_norm": True}}
    model = make("bernoulli", (1, 4, 4), binarisation="dynamic", **network)
    seen: list[torch.Tensor] = []
    model.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model.collect(torch.rand(9, 1, 4, 4), torch.randn(9, 3))
    assert set(seen[0].unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("more", [{"likelihood": "bernoulli"}, {"binarisation": "static"}])
def test_refuses_likelihoods_of_pixels_for_points(more: dict[str, str]) -> None:
    with pytest.raises(ArgumentError, match=r"found examples of shape \(5,\); expected images with pixels in \[0, 1\]"):
        make(**more)


def test_samples_of_images_are_in_range() -> None:
    samples = make("gaussian", (1, 4, 4)).sample(10 * torch.randn(20, 3))
    assert samples.shape == (20, 1, 4, 4)
    assert bool(((samples >= 0) & (samples <= 1)).all())
