"""Gradient estimators against exact gradients (Ryu 2025, sec. 2.4)."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from bench.models.vae.gradient import GRADIENT_ESTIMATORS, GradientEstimator
from bench.models.vae.inference import Inference
from bench.models.vae.kl_term import KL_TERMS
from bench.models.vae.posterior import POSTERIORS, MeanField
from tests.models.vae.linear import exact_elbo, linear_vae, only_map

DRAWS = 100_000
ESTIMATORS = pytest.mark.parametrize("name", GRADIENT_ESTIMATORS)


def make(name: str) -> GradientEstimator:
    return GRADIENT_ESTIMATORS[name]()


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def assert_mean(found: Tensor, expected: Tensor) -> None:
    """Within 5 standard errors of the mean over the first axis."""
    error = found.std(0) / len(found) ** 0.5
    assert bool(((found.mean(0) - expected).abs() <= 5 * error + 1e-9).all())


@ESTIMATORS
def test_of_a_square(name: str) -> None:
    """E_q[z²] = μ² + σ², whose derivatives are 2μ and, in log σ, 2σ²."""
    mean, log_sigma = 0.7, -0.4
    posterior = MeanField(*(torch.full((DRAWS, 1), value).double().requires_grad_() for value in (mean, log_sigma)))
    value = make(name).expectation(lambda z, _: z.square().sum(-1), posterior, normal(DRAWS, 1, seed=2))
    gradients = torch.autograd.grad(value.sum(), posterior)
    assert_mean(value.detach(), torch.tensor(mean**2 + math.exp(2 * log_sigma)))
    for gradient, exact in zip(gradients, (2 * mean, 2 * math.exp(2 * log_sigma)), strict=True):
        assert_mean(gradient, torch.tensor([exact]))


@ESTIMATORS
@pytest.mark.parametrize("kl", KL_TERMS)
@pytest.mark.parametrize("form", POSTERIORS)
def test_of_the_elbo_of_a_linear_model(name: str, kl: str, form: str) -> None:
    """Per draw, in what the encoder puts out for one x, against autograd of the ELBO by moments of q."""
    model, x = linear_vae(3, posterior=form, epsilon=1.0), normal(1, 3, seed=4)
    family, output = POSTERIORS[form], model.encoder(x).detach()

    leaf = output.clone().requires_grad_()
    exact = exact_elbo(model, family.of(leaf, 2), x)
    (expected,) = torch.autograd.grad(exact.sum(), leaf)

    each = output.expand(DRAWS, -1).clone().requires_grad_()
    many = x.expand(DRAWS, -1)
    inference = Inference(family.of(each, 2), lambda z: model.log_likelihood(many, z))
    reconstruction, divergence = inference.elbo_terms(normal(DRAWS, 2, seed=5), make(name), KL_TERMS[kl]())
    values = reconstruction - divergence
    (found,) = torch.autograd.grad(values.sum(), each)
    assert_mean(values.detach(), exact.detach())
    assert_mean(found, expected[0])


@pytest.mark.parametrize("kl", KL_TERMS)
def test_estimators_share_values_and_the_gradient_of_the_decoder(kl: str) -> None:
    x, noise = normal(6, 3, seed=0), normal(6, 2, seed=1)
    values, gradients = [], []
    for name in GRADIENT_ESTIMATORS:
        model = linear_vae(3, gradient=name, kl=kl)
        losses, recorded = model.losses(x, {"posterior": noise})
        losses["model"].backward()
        values.append(recorded)
        gradients.append((only_map(model.decoder).weight.grad, only_map(model.encoder).weight.grad))
    (decoders, encoders) = zip(*gradients, strict=True)
    for key in values[0]:
        torch.testing.assert_close(values[0][key], values[1][key])
    torch.testing.assert_close(*decoders)
    assert not torch.allclose(*encoders)


@pytest.mark.parametrize("form", POSTERIORS)
def test_kl_by_draws_has_the_closed_form_as_its_mean(form: str) -> None:
    posterior = POSTERIORS[form].of(normal(1, POSTERIORS[form].outputs(3), seed=7), 3)
    noise = normal(DRAWS, 1, 3, seed=8)
    analytic, sampled = (KL_TERMS[kl]().evaluate(posterior, make("reparameterisation"), noise) for kl in KL_TERMS)
    assert analytic.shape == (1,)
    assert sampled.shape == (DRAWS, 1)
    assert_mean(sampled, analytic)
