"""Autoencoders (Ryu 2025, sec. 2.1), sampled through a law of their latents."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from bench.models.base import GenerativeModel, Losses, Noise, register_method
from bench.models.curves import curve_column
from bench.models.latents import LATENTS
from bench.models.networks import Layers, decoder, encoder
from bench.models.settings import AutoencoderSettings

_CHUNK = 4096
_CURVES = (curve_column("loss", "Loss", order=0),)


@register_method("autoencoder", settings=AutoencoderSettings, columns=_CURVES)
class Autoencoder(GenerativeModel):
    """Encoder f_φ and decoder g_θ that minimise E‖x − g(f(x))‖² (Ryu 2025, sec. 2.1).

    The latents of data have no known distribution: samples are decoded from one of `LATENTS`, which may be fitted to
    them after training.

    Args:
        settings: the method's block.
        shape: shape of one example.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """

    def __init__(self, settings: AutoencoderSettings, shape: Sequence[int]) -> None:
        super().__init__()
        net = settings.network
        self.latent_dim = net.latent
        self.noise = {}
        self._latents = LATENTS[settings.latents](settings)
        self.encoder = encoder(Layers(net.encoder, net.activation, net.kind, net.batch_norm), shape, net.latent)
        self.decoder = decoder(Layers(net.decoder, net.activation, net.kind, net.batch_norm), net.latent, shape)
        self.squash = torch.sigmoid if len(shape) == 3 else torch.nn.Identity()
        self._fitted = tuple(initial := self._latents.initial(net.latent))
        for name, tensor in initial.items():
            self.register_buffer(name, tensor)

    def reconstruct(self, x: Tensor) -> Tensor:
        """g(f(x)), shape as x."""
        return self._decode(self.encoder(x))

    def losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """Mean squared error summed over the dimensions of an example."""
        error = (x - self.reconstruct(x)).flatten(1).square().sum(1).mean()
        return {"model": error}, {"loss": error}

    def sample(self, z: Tensor) -> Tensor:
        """Decoded codes, as the law of the latents makes them of z."""
        return self._decode(self._latents.codes(z, self._buffers_of_law()))

    def law(self) -> MultivariateNormal | None:
        """That of W c + b for the linear decoder (`decoder: []`), where c is Gaussian."""
        return self._latents.law(self.decoder, self._buffers_of_law())

    def collect(self, x: Tensor, z: Tensor) -> None:
        """Statistics come from reconstructions: the latents' law is fitted afterwards."""
        self.reconstruct(x)

    @torch.no_grad()
    def finalise(self, train: Tensor) -> None:
        """Fit the law of the latents to the codes of training data."""
        codes = torch.cat([self.encoder(chunk) for chunk in torch.split(train, _CHUNK)]).double()
        for name, tensor in self._latents.fit(codes).items():
            self.get_buffer(name).copy_(tensor)

    def _buffers_of_law(self) -> dict[str, Tensor]:
        return {name: self.get_buffer(name) for name in self._fitted}

    def _decode(self, z: Tensor) -> Tensor:
        decoded: Tensor = self.squash(self.decoder(z))
        return decoded
