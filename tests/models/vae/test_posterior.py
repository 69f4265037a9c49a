"""Posteriors against torch.distributions."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import MultivariateNormal, kl_divergence

from bench.models.vae.posterior import POSTERIORS, Posterior, log_density, log_prior_ratio

FORM = st.sampled_from(sorted(POSTERIORS))
LATENT, SEED = st.integers(1, 5), st.integers(0, 10**6)


def make(form: str, latent: int, seed: int, scale: float = 1.0) -> tuple[Tensor, Posterior]:
    """What the encoder puts out for three examples, and the posterior."""
    family = POSTERIORS[form]
    generator = torch.Generator().manual_seed(seed)
    output = scale * torch.randn(3, family.outputs(latent), generator=generator, dtype=torch.float64)
    output.requires_grad_()
    return output, family.of(output, latent)


def law(posterior: Posterior) -> MultivariateNormal:
    return MultivariateNormal(posterior.mean, posterior.covariance())


def draws(latent: int, seed: int) -> Tensor:
    return torch.randn(4, 3, latent, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)


@given(form=FORM, latent=LATENT, seed=SEED)
def test_densities_and_kl_are_those_of_torch(form: str, latent: int, seed: int) -> None:
    _, posterior = make(form, latent, seed)
    noise = draws(latent, seed)
    z, reference = posterior.at(noise), law(posterior)
    prior = MultivariateNormal(torch.zeros(latent).double(), torch.eye(latent).double())
    constant = latent * math.log(2 * math.pi) / 2
    torch.testing.assert_close(log_density(posterior, noise) - constant, reference.log_prob(z))
    torch.testing.assert_close(log_prior_ratio(posterior, z, noise), prior.log_prob(z) - reference.log_prob(z))
    torch.testing.assert_close(posterior.kl_to_prior(), kl_divergence(reference, prior), atol=1e-9, rtol=1e-6)
    torch.testing.assert_close(posterior.at(noise[0]), z[0])


@pytest.mark.parametrize("form", POSTERIORS)
def test_draws_have_the_mean_and_the_covariance(form: str) -> None:
    """Moments of 100,000 draws, within 5 of their standard errors, which the variances bound."""
    _, posterior = make(form, 3, 0)
    z = posterior.at(torch.randn(100_000, 3, 3, generator=torch.Generator().manual_seed(1)).double()).detach()
    variance = posterior.covariance().detach().diagonal(dim1=1, dim2=2)
    assert bool(((z.mean(0) - posterior.mean).abs() < 5 * (variance / 100_000).sqrt()).all())
    for example, covariance in enumerate(posterior.covariance()):
        error = (2 * variance[example, :, None] * variance[example] / 100_000).sqrt()
        assert bool(((torch.cov(z[:, example].T) - covariance).abs() < 5 * error).all())


def test_a_full_covariance_has_correlations_and_a_mean_field_none() -> None:
    for form, correlated in (("full_covariance", True), ("mean_field", False)):
        covariance = make(form, 3, 0)[1].covariance()
        assert bool((covariance - torch.diag_embed(covariance.diagonal(dim1=1, dim2=2))).any()) is correlated


@given(form=FORM, latent=LATENT, seed=SEED)
def test_a_held_draw_is_a_constant_whose_noise_is_a_function_of_the_parameters(
    form: str, latent: int, seed: int
) -> None:
    """∇ log q at fixed z is that of torch's density."""
    output, posterior = make(form, latent, seed)
    noise = draws(latent, seed)
    z, held = posterior.hold(noise)
    assert not z.requires_grad
    torch.testing.assert_close(z, posterior.at(noise).detach())
    torch.testing.assert_close(held.detach(), noise)
    (found,) = torch.autograd.grad(log_density(posterior, held).sum(), output, retain_graph=True)
    (expected,) = torch.autograd.grad(law(posterior).log_prob(z).sum(), output)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("form", POSTERIORS)
def test_a_held_draw_keeps_its_digits_however_narrow_the_posterior_is(form: str) -> None:
    """σ = e⁻¹⁰ about 1000: z − μ in float32 would be nothing but rounding. Two ulps of |v| < 4."""
    family = POSTERIORS[form]
    output = torch.zeros(3, family.outputs(2))
    output[:, :2] = 1000.0
    output[:, 2:4] = -20.0
    noise = draws(2, 0).float()
    _, held = family.of(output, 2).hold(noise)
    torch.testing.assert_close(held, noise, rtol=0, atol=5e-7)


@pytest.mark.parametrize("form", POSTERIORS)
def test_scales_are_limited(form: str) -> None:
    for size in (1e6, -1e6):
        output = torch.zeros(3, POSTERIORS[form].outputs(2))
        output[:, 2:4] = size
        posterior = POSTERIORS[form].of(output, 2)
        assert posterior.log_volume().tolist() == pytest.approx([2 * 10.0 * (1 if size > 0 else -1)] * 3)
        assert bool(posterior.kl_to_prior().isfinite().all())


def test_a_full_covariance_needs_as_many_outputs_as_it_has_numbers() -> None:
    assert [POSTERIORS["full_covariance"].outputs(latent) for latent in (1, 2, 3, 16)] == [2, 5, 9, 152]
    output = torch.arange(9.0)[None]
    lower = POSTERIORS["full_covariance"].of(output, 3).lower  # type: ignore[attr-defined]
    assert lower[0].tolist() == [[0, 0, 0], [6, 0, 0], [7, 8, 0]]
