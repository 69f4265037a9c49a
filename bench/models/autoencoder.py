"""Autoencoders (Ryu 2025, sec. 2.1), sampled through a Gaussian fitted to their training latents."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from bench.models.base import GenerativeModel, Losses, Noise, register_method
from bench.models.curves import curve_column
from bench.models.linear import linear_law
from bench.models.networks import Layers, decoder, encoder
from bench.models.settings import AutoencoderSettings

_CHUNK = 4096
_CURVES = (curve_column("loss", "Loss", order=0),)


@register_method("autoencoder", settings=AutoencoderSettings, columns=_CURVES)
class Autoencoder(GenerativeModel):
    """Encoder f_φ and decoder g_θ that minimise E‖x − g(f(x))‖² (Ryu 2025, sec. 2.1).

    The latents of data have no known distribution, so after training a Gaussian is fitted to them (Ghosh et al. 2020,
    "ex-post density estimation") and samples are g(m + L z) with z standard normal.

    Args:
        settings: the method's block.
        shape: shape of one example.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """

    latent_mean: Tensor
    latent_factor: Tensor

    def __init__(self, settings: AutoencoderSettings, shape: Sequence[int]) -> None:
        super().__init__()
        net = settings.network
        self.latent_dim = net.latent
        self.noise = {}
        self.encoder = encoder(Layers(net.encoder, net.activation, net.kind, net.batch_norm), shape, net.latent)
        self.decoder = decoder(Layers(net.decoder, net.activation, net.kind, net.batch_norm), net.latent, shape)
        self.squash = torch.sigmoid if len(shape) == 3 else torch.nn.Identity()
        self.register_buffer("latent_mean", torch.zeros(net.latent))
        self.register_buffer("latent_factor", torch.eye(net.latent))

    def reconstruct(self, x: Tensor) -> Tensor:
        """g(f(x)), shape as x."""
        return self._decode(self.encoder(x))

    def losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """Mean squared error summed over the dimensions of an example."""
        error = (x - self.reconstruct(x)).flatten(1).square().sum(1).mean()
        return {"model": error}, {"loss": error}

    def sample(self, z: Tensor) -> Tensor:
        """g(m + L z)."""
        return self._decode(self.latent_mean + z @ self.latent_factor.T)

    def law(self) -> MultivariateNormal | None:
        """The law of W (m + L z) + b for the linear decoder (`decoder: []`)."""
        return linear_law(self.decoder, self.latent_mean, self.latent_factor)

    def collect(self, x: Tensor, z: Tensor) -> None:
        """Statistics come from reconstructions: the latents' Gaussian is fitted afterwards."""
        self.reconstruct(x)

    @torch.no_grad()
    def finalise(self, train: Tensor) -> None:
        """Fit the latents' Gaussian: mean and a square root of the covariance by symmetric eigenvalues."""
        latents = torch.cat([self.encoder(chunk) for chunk in torch.split(train, _CHUNK)]).double()
        values, vectors = torch.linalg.eigh(torch.cov(latents.T).reshape(self.latent_dim, self.latent_dim))
        self.latent_mean.copy_(latents.mean(0))
        self.latent_factor.copy_(vectors * values.clamp(min=0).sqrt())

    def _decode(self, z: Tensor) -> Tensor:
        decoded: Tensor = self.squash(self.decoder(z))
        return decoded
