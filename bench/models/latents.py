"""Laws of the latents that autoencoders are sampled through: fixed ones, and fits to the codes of training data.

The codes f(x) of data have no known law, so whatever is fitted to them after training is the generative model's prior
(Ryu 2025, sec. 2.1; Ghosh et al. 2020, sec. 4, "ex-post density estimation"). Each turns standard normal z into codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from bench.errors import ArgumentError
from bench.models.linear import linear_law
from bench.models.settings import AutoencoderSettings

Fitted = Mapping[str, Tensor]
_SEED = 0  # of the mixture's start: a fit is a function of the codes alone


class LatentLaw(Protocol):
    """A law of codes, by parameters that a model keeps in buffers."""

    def initial(self, latent: int) -> dict[str, Tensor]:
        """The parameters before anything is fitted: names, shapes and values."""

    def fit(self, codes: Tensor) -> dict[str, Tensor]:
        """The parameters for codes of training data, shape (n, latent), float64.

        Raises:
            ArgumentError: if there are too few codes.
        """

    def codes(self, z: Tensor, fitted: Fitted) -> Tensor:
        """Codes (n, latent) from standard normal z of the same shape."""

    def law(self, decoder: nn.Module, fitted: Fitted) -> MultivariateNormal | None:
        """The law of decoded codes where these are Gaussian and the decoder linear, as `linear_law` has it."""


@dataclass(frozen=True)
class StandardNormal:
    """N(0, I), whatever the codes are."""

    def initial(self, latent: int) -> dict[str, Tensor]:
        """None."""
        return {}

    def fit(self, codes: Tensor) -> dict[str, Tensor]:
        """None."""
        return {}

    def codes(self, z: Tensor, fitted: Fitted) -> Tensor:
        """As they are."""
        return z

    def law(self, decoder: nn.Module, fitted: Fitted) -> MultivariateNormal | None:
        """See `linear_law`."""
        return linear_law(decoder)


@dataclass(frozen=True)
class Gaussian:
    """N(m, F Fᵀ) with the codes' mean and covariance."""

    def initial(self, latent: int) -> dict[str, Tensor]:
        """N(0, I)."""
        return {"latent_mean": torch.zeros(latent), "latent_factor": torch.eye(latent)}

    def fit(self, codes: Tensor) -> dict[str, Tensor]:
        """The mean, and a square root of the covariance by symmetric eigenvalues."""
        values, vectors = torch.linalg.eigh(torch.cov(codes.T).reshape(codes.shape[1], codes.shape[1]))
        return {"latent_mean": codes.mean(0), "latent_factor": vectors * values.clamp(min=0).sqrt()}

    def codes(self, z: Tensor, fitted: Fitted) -> Tensor:
        """The codes m + F z."""
        return fitted["latent_mean"] + z @ fitted["latent_factor"].T

    def law(self, decoder: nn.Module, fitted: Fitted) -> MultivariateNormal | None:
        """See `linear_law`."""
        return linear_law(decoder, fitted["latent_mean"], fitted["latent_factor"])


@dataclass(frozen=True)
class GaussianMixture:
    """Σ_k π_k N(m_k, F_k F_kᵀ), fitted by expectation maximisation (scikit-learn) from a k-means start.

    Attributes:
        components: number of Gaussians K, each with a full covariance.
    """

    components: int

    def initial(self, latent: int) -> dict[str, Tensor]:
        """All of them N(0, I)."""
        k = self.components
        factors = torch.eye(latent).repeat(k, 1, 1)
        return {
            "latent_weights": torch.full((k,), 1 / k),
            "latent_means": torch.zeros(k, latent),
            "latent_factors": factors,
        }

    def fit(self, codes: Tensor) -> dict[str, Tensor]:
        """See `LatentLaw.fit`; the factors are those of Cholesky."""
        from sklearn import mixture  # slow to import, and only this law needs it

        if len(codes) < self.components:
            raise ArgumentError(
                f"family 'autoencoder': found {len(codes)} training examples for components: {self.components}; "
                "expected at least as many examples; set fewer components"
            )
        found = mixture.GaussianMixture(self.components, max_iter=500, random_state=_SEED).fit(codes.cpu().numpy())
        fitted = {"latent_weights": found.weights_, "latent_means": found.means_}
        tensors = {name: torch.from_numpy(values) for name, values in fitted.items()}
        return tensors | {"latent_factors": torch.linalg.cholesky(torch.from_numpy(found.covariances_))}

    def codes(self, z: Tensor, fitted: Fitted) -> Tensor:
        """The codes m_k + F_k z, k chosen by the first coordinate of z.

        Φ(z_1) is uniform, and chooses k by the interval of length π_k that it lies in. Its place in that interval is
        uniform again and independent of k, so Φ⁻¹ of it takes the place of z_1. In float64, which leaves enough digits.
        """
        weights = fitted["latent_weights"].double()
        ends = (weights / weights.sum()).cumsum(0)
        starts = torch.cat([ends.new_zeros(1), ends[:-1]])
        uniform = torch.special.ndtr(z[:, 0].double())
        chosen = torch.searchsorted(ends, uniform, right=True).clamp(max=len(ends) - 1)
        place = (uniform - starts[chosen]) / (ends - starts)[chosen]
        margin = torch.finfo(torch.float64).eps
        renewed = torch.special.ndtri(place.clamp(margin, 1 - margin)).to(z.dtype)
        fresh = torch.cat([renewed[:, None], z[:, 1:]], 1)
        by_component = fitted["latent_means"][:, None] + fresh @ fitted["latent_factors"].mT  # K n numbers, not n²
        return by_component[chosen, torch.arange(len(z), device=z.device)]

    def law(self, decoder: nn.Module, fitted: Fitted) -> MultivariateNormal | None:
        """None: it is no Gaussian."""
        return None


LATENTS: Mapping[str, Callable[[AutoencoderSettings], LatentLaw]] = {
    "standard_normal": lambda _: StandardNormal(),
    "gaussian": lambda _: Gaussian(),
    "gaussian_mixture": lambda settings: GaussianMixture(settings.components),
}
"""What makes a law from the settings, by the value of `latents:`."""
