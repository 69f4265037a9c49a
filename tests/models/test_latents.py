"""Laws of latents: what they draw has the law that was fitted."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from bench.errors import ArgumentError
from bench.models import METHODS, GenerativeModel
from bench.models.latents import GaussianMixture, StandardNormal

WEIGHTS = torch.tensor([0.2, 0.5, 0.3]).double()
MEANS = torch.tensor([[-30.0, 0.0], [0.0, 0.0], [30.0, 5.0]]).double()
FACTORS = torch.tensor([[[1.0, 0.0], [0.5, 2.0]], [[0.3, 0.0], [0.0, 0.3]], [[2.0, 0.0], [-1.0, 0.5]]]).double()
FITTED = {"latent_weights": WEIGHTS, "latent_means": MEANS, "latent_factors": FACTORS}


def normal(n: int, latent: int = 2, seed: int = 0) -> Tensor:
    return torch.randn(n, latent, generator=torch.Generator().manual_seed(seed)).double()


def law() -> MixtureSameFamily:
    return MixtureSameFamily(Categorical(WEIGHTS), MultivariateNormal(MEANS, scale_tril=FACTORS))


def test_a_mixture_draws_its_components_by_their_weights_and_each_from_its_law() -> None:
    """Components far apart, so each code tells its own: χ² and Kolmogorov–Smirnov above their 1e-4 points.

    The first whitened coordinate is what is left of the number that chose the component.
    """
    codes = GaussianMixture(3).codes(normal(60_000), FITTED)
    nearest = torch.cdist(codes, MEANS).argmin(1)
    counts = torch.bincount(nearest, minlength=3)
    assert stats.chisquare(counts.numpy(), (60_000 * WEIGHTS).numpy()).pvalue > 1e-4
    for component in range(3):
        centred = codes[nearest == component] - MEANS[component]
        white = torch.linalg.solve_triangular(FACTORS[component], centred.T, upper=False)
        for coordinate in white:
            assert stats.kstest(coordinate.numpy(), "norm").pvalue > 1e-4
        assert abs(float(torch.corrcoef(white)[0, 1])) < 5 / counts[component] ** 0.5


@given(st.integers(1, 4), st.integers(0, 10**6))
def test_one_component_is_a_gaussian(latent: int, seed: int) -> None:
    """Its only interval is the whole line, so z comes back: to the digits that Φ leaves of it, 1e-9 within |z| < 6."""
    z = normal(50, latent, seed).clamp(-5, 5)
    factor = torch.eye(latent).double() + normal(latent, latent, seed + 1).tril(-1)
    mean = normal(1, latent, seed + 2)
    fitted = {"latent_weights": torch.ones(1), "latent_means": mean, "latent_factors": factor[None]}
    torch.testing.assert_close(GaussianMixture(1).codes(z, fitted), mean + z @ factor.T, rtol=1e-8, atol=1e-8)


def test_codes_are_finite_however_far_out_z_is() -> None:
    z = torch.tensor([-40.0, -9.0, 9.0, 40.0]).double()[:, None].expand(-1, 2)
    fitted = FITTED | {"latent_weights": torch.tensor([1e-12, 1.0, 1e-12])}
    assert bool(GaussianMixture(3).codes(z, fitted).isfinite().all())


def test_a_mixture_is_fitted_to_the_codes() -> None:
    """Weights, means and covariances of 20,000 draws: within 5 standard errors of the largest component's moments."""
    codes = GaussianMixture(3).codes(normal(20_000, seed=3), FITTED)
    found = GaussianMixture(3).fit(codes)
    order = found["latent_means"][:, 0].argsort()
    torch.testing.assert_close(found["latent_weights"][order], WEIGHTS, rtol=0, atol=5 * (0.25 / 20_000) ** 0.5)
    torch.testing.assert_close(found["latent_means"][order], MEANS, rtol=0, atol=5 * 2.1 / 4000**0.5)
    covariances = [factors @ factors.mT for factors in (found["latent_factors"][order], FACTORS)]
    torch.testing.assert_close(*covariances, rtol=0, atol=5 * 4.3 * (2 / 4000) ** 0.5)
    parts = MultivariateNormal(found["latent_means"], scale_tril=found["latent_factors"])
    fitted = MixtureSameFamily(Categorical(found["latent_weights"]), parts)
    assert float(fitted.log_prob(codes).mean()) > float(law().log_prob(codes).mean())


def test_fits_are_functions_of_the_codes_alone() -> None:
    codes = normal(500)
    first = GaussianMixture(4).fit(codes)
    torch.manual_seed(123)
    again = GaussianMixture(4).fit(codes)
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_needs_as_many_codes_as_components() -> None:
    with pytest.raises(ArgumentError, match="found 3 training examples for components: 4; expected at least as many"):
        GaussianMixture(4).fit(normal(3))


def make(latents: str, **more: object) -> GenerativeModel:
    family = METHODS["autoencoder"]
    torch.manual_seed(0)
    network = {"latent": 2, "encoder": [8], "decoder": []}
    block = {"family": "autoencoder", "latents": latents, "network": network}
    return family.build(family.settings.model_validate(block | more), (4,))


@pytest.mark.parametrize("latents", ["standard_normal", "gaussian", "gaussian_mixture"])
def test_a_stored_model_samples_alike(latents: str) -> None:
    model, other = make(latents, components=3).eval(), make(latents, components=3).eval()
    model.finalise(torch.randn(300, 4, generator=torch.Generator().manual_seed(0)))
    other.load_state_dict(model.state_dict())
    z = normal(20).float()
    assert torch.equal(model.sample(z), other.sample(z))
    assert model.prior.shape == (2,)
    assert model.sample(z).dtype == torch.float32


@torch.no_grad()
def test_samples_are_decoded_codes() -> None:
    model = make("gaussian_mixture", components=3).eval()
    x = torch.randn(4000, 4, generator=torch.Generator().manual_seed(0))
    model.finalise(x)
    sampled = model.sample(normal(4000).float())
    reconstructed = model.reconstruct(x)  # type: ignore[operator]
    # both are decodings of 4,000 codes, drawn and real: means within 5 standard errors of their difference
    error = (2 * reconstructed.var(0) / 4000).sqrt()
    assert bool(((sampled.mean(0) - reconstructed.mean(0)).abs() < 5 * error).all())


@torch.no_grad()
def test_a_standard_normal_is_not_fitted() -> None:
    model = make("standard_normal").eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.finalise(5 + torch.randn(300, 4))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    z = normal(5).float()
    assert torch.equal(StandardNormal().codes(z, {}), z)
    assert torch.equal(model.sample(z), model.decoder(z))  # type: ignore[operator]


def test_laws() -> None:
    """Two latents span no density in four dimensions, but in two."""
    family = METHODS["autoencoder"]
    for latents, known in (("standard_normal", True), ("gaussian", True), ("gaussian_mixture", False)):
        network = {"latent": 2, "encoder": [8], "decoder": []}
        model = family.build(family.settings(family="autoencoder", latents=latents, network=network), (2,)).eval()
        model.finalise(torch.randn(100, 2))
        assert (model.law() is not None) is known
