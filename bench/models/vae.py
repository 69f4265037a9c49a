"""Variational autoencoders (Ryu 2025, sec. 2.2–2.4; Kingma & Welling 2014)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import MultivariateNormal

from bench.models.base import GenerativeModel, Losses, Noise, NoiseSpec, register_method
from bench.models.linear import linear_law
from bench.models.networks import Layers, decoder, encoder
from bench.models.settings import VAESettings
from bench.streams import random_stream

_LOG_SIGMA_RANGE = 10.0  # e^±10 keeps every term of the bound finite in float32


@register_method("vae", settings=VAESettings)
class VAE(GenerativeModel):
    """Decoder p(x|z) and mean-field Gaussian encoder q(z|x) that maximise the ELBO (Ryu 2025, eq. 12 and 13).

    Args:
        settings: the method's block.
        shape: shape of one example.
    """

    def __init__(self, settings: VAESettings, shape: Sequence[int]) -> None:
        super().__init__()
        net = settings.network
        self.settings = settings
        self.latent_dim = net.latent
        self.is_image = len(shape) == 3
        self.noise = {"posterior": NoiseSpec((net.latent,))}
        if settings.binarisation == "dynamic":
            self.noise["binarisation"] = NoiseSpec(tuple(shape), "uniform")
        self.encoder = encoder(Layers(net.encoder, net.activation, net.kind, net.batch_norm), shape, 2 * net.latent)
        self.decoder = decoder(Layers(net.decoder, net.activation, net.kind, net.batch_norm), net.latent, shape)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean μ(x) and log standard deviation log σ(x) of q(z|x), shape (batch, latent) each."""
        mean, log_sigma = self.encoder(x).chunk(2, dim=-1)
        return mean, log_sigma.clamp(-_LOG_SIGMA_RANGE, _LOG_SIGMA_RANGE)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Log p(x|z) in nats with every normalising constant, shape (batch,).

        Gaussian: N(x; g(z), ε²I) (Ryu 2025, sec. 2.2). Bernoulli: independent pixels with logits g(z).
        """
        output = self.decoder(z)
        if self.settings.likelihood == "bernoulli":
            return -F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(1)
        log_epsilon = math.log(self.settings.epsilon)
        residual = (x - self._mean(output)).flatten(1) / self.settings.epsilon
        constant = residual.shape[1] * (log_epsilon + 0.5 * math.log(2 * math.pi))
        return -0.5 * residual.square().sum(1) - constant

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """E_q[log p(x|z)] by one reparameterised draw, and KL(q(z|x) ‖ p(z)) in closed form, nats per example.

        Args:
            x: examples, (batch, *shape).
            noise: standard normal v of z = μ + σ v (Ryu 2025, sec. 2.4), (batch, latent).
        """
        mean, log_sigma = self.posterior(x)
        reconstruction = self.log_likelihood(x, mean + log_sigma.exp() * noise)
        kl = 0.5 * (mean.square() + (2 * log_sigma).exp() - 1 - 2 * log_sigma).sum(1)
        return reconstruction, kl

    def observed(self, x: Tensor) -> Tensor:
        """Examples as the likelihood sees them: binarised by a fixed draw, static and dynamic alike."""
        if self.settings.binarisation == "none":
            return x
        fixed = random_stream(0, "binarisation", x.device)
        return (torch.rand(x.shape, generator=fixed, device=x.device) < x).to(x.dtype)

    def training_data(self, train: Tensor) -> Tensor:
        """Binarised once where the binarisation is static."""
        return self.observed(train) if self.settings.binarisation == "static" else train

    def losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The negative ELBO (Ryu 2025, eq. 14)."""
        if "binarisation" in noise:
            x = (noise["binarisation"] < x).to(x.dtype)
        reconstruction, kl = (term.mean() for term in self.elbo_terms(x, noise["posterior"]))
        elbo = reconstruction - kl
        return {"model": -elbo}, {"elbo": elbo, "reconstruction": reconstruction, "kl": kl}

    def reconstruct(self, x: Tensor) -> Tensor:
        """The decoder's mean at the posterior mean, shape as x."""
        return self.sample(self.posterior(x)[0])

    def sample(self, z: Tensor) -> Tensor:
        """The decoder's mean: the noise of p(x|z) is left out (Ryu 2025, sec. 2.2)."""
        return self._mean(self.decoder(z))

    def law(self) -> MultivariateNormal | None:
        """N(b, W Wᵀ) of the linear decoder W z + b (`decoder: []`), without the noise of p(x|z), as in `sample`."""
        return linear_law(self.decoder)

    def collect(self, x: Tensor, z: Tensor) -> None:
        """The encoder's statistics come from data, the decoder's from generated batches."""
        self.encoder(x)
        self.decoder(z)

    def _mean(self, output: Tensor) -> Tensor:
        return torch.sigmoid(output) if self.is_image else output
