"""The law of linear generators, against what `sample` does and the change of variables."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Normal

from bench.models import METHODS, GenerativeModel
from bench.models.linear import gaussian_law, linear_law
from bench.models.networks import Layers, decoder

LINEAR: dict[str, dict[str, Any]] = {
    "fgan": {"family": "fgan", "divergence": "kl", "network": {"generator": [], "critic": [4]}},
    "vae": {"family": "vae", "network": {"encoder": [], "decoder": []}},
    "autoencoder": {"family": "autoencoder", "network": {"encoder": [4], "decoder": []}},
}


def make(family: str, shape: tuple[int, ...], latent: int, **network: object) -> GenerativeModel:
    method = LINEAR[family] | {"network": LINEAR[family]["network"] | {"latent": latent} | network}
    known = METHODS[family]
    torch.manual_seed(0)
    return known.build(known.settings.model_validate(method), shape).eval()


@torch.no_grad()
def moments_of_samples(model: GenerativeModel) -> tuple[Tensor, Tensor]:
    """Mean and covariance of an affine `sample`, read off its values at 0 and at the unit vectors."""
    mean = model.sample(torch.zeros(1, model.latent_dim)).double()
    columns = model.sample(torch.eye(model.latent_dim)).double() - mean
    return mean.squeeze(0), columns.T @ columns


@pytest.mark.parametrize("family", LINEAR)
@pytest.mark.parametrize(("d", "latent"), [(1, 1), (1, 3), (2, 2), (3, 7)])
def test_law_is_that_of_the_samples(family: str, d: int, latent: int) -> None:
    model = make(family, (d,), latent, batch_norm=True)
    model.finalise(torch.randn(500, d, generator=torch.Generator().manual_seed(1)) + 2)
    law = model.law()
    assert law is not None
    assert (law.event_shape, law.batch_shape) == ((d,), ())
    mean, covariance = moments_of_samples(model)
    torch.testing.assert_close(law.mean, mean, rtol=1e-5, atol=1e-5)  # float32 samples
    torch.testing.assert_close(law.covariance_matrix, covariance, rtol=1e-4, atol=1e-5)  # type: ignore[attr-defined]
    assert law.mean.dtype == torch.float64


@given(st.integers(1, 4), st.integers(0, 3), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_density_by_the_change_of_variables(d: int, extra: int, seed: int) -> None:
    """For a square map log q(x) = log N(z; 0, I) − log |det W|, z = W⁻¹ (x − b); turning z does not change the law."""
    generator = torch.Generator().manual_seed(seed)
    weight, mean, x = (torch.randn(*shape, generator=generator).double() for shape in ((d, d), (d,), (5, d)))
    weight = weight + 3 * torch.eye(d)
    turn = torch.linalg.qr(torch.randn(d + extra, d + extra, generator=generator).double()).Q[:d]
    law = gaussian_law(mean, weight @ turn)
    assert law is not None
    z = torch.linalg.solve(weight, (x - mean).T).T
    expected = Normal(0.0, 1.0).log_prob(z).sum(1) - torch.linalg.slogdet(weight).logabsdet
    torch.testing.assert_close(law.log_prob(x), expected, rtol=1e-9, atol=1e-9)


def test_no_law_without_a_density() -> None:
    assert make("fgan", (3,), 2).law() is None
    flat = torch.tensor([[1.0, 2.0], [2.0, 4.0]])
    assert gaussian_law(torch.zeros(2), flat) is None
    assert gaussian_law(torch.zeros(2), flat + torch.tensor([[1e-3, 0.0], [0.0, 0.0]])) is not None
    assert gaussian_law(torch.zeros(2), torch.zeros(2, 2)) is None


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_no_law_of_parameters_that_are_not_finite(value: float) -> None:
    assert gaussian_law(torch.tensor([value]), torch.ones(1, 1)) is None
    assert gaussian_law(torch.zeros(1), torch.full((1, 1), value)) is None


def test_no_closed_form_beyond_linear_maps_of_normal_latents_to_points() -> None:
    assert make("fgan", (2,), 2, generator=[4]).law() is None
    assert make("vae", (2,), 2, decoder=[4]).law() is None
    assert make("autoencoder", (2,), 2, decoder=[4]).law() is None
    assert make("fgan", (2,), 2, prior="uniform").law() is None
    for family in LINEAR:
        assert make(family, (1, 2, 2), 5).law() is None
    assert linear_law(torch.nn.Sequential(decoder(Layers((), "relu"), 2, (2,)), torch.nn.Tanh())) is None
    assert GenerativeModel().law() is None
