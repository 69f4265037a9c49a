"""Variational autoencoders (Ryu 2025, sec. 2.2–2.4; Kingma & Welling 2014)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import MultivariateNormal

from bench.errors import BenchError
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

    Raises:
        BenchError: if the likelihood or the binarisation is one of pixels and the examples are points.
    """

    def __init__(self, settings: VAESettings, shape: Sequence[int]) -> None:
        super().__init__()
        net = settings.network
        self.settings = settings
        self.latent_dim = net.latent
        self.is_image = len(shape) == 3
        if not self.is_image and (settings.likelihood == "bernoulli" or settings.binarisation != "none"):
            raise BenchError(
                f"family '{settings.family}': found examples of shape {tuple(shape)}; expected images with pixels in "
                f"[0, 1] for likelihood: {settings.likelihood}, binarisation: {settings.binarisation}; for points use "
                "likelihood: gaussian, binarisation: none"
            )
        self.noise = {"posterior": NoiseSpec((net.latent,))}
        if settings.binarisation == "dynamic":
            self.noise["binarisation"] = NoiseSpec(tuple(shape), "uniform")
        self.encoder = encoder(Layers(net.encoder, net.activation, net.kind, net.batch_norm), shape, 2 * net.latent)
        self.decoder = decoder(Layers(net.decoder, net.activation, net.kind, net.batch_norm), net.latent, shape)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean μ(x) and log standard deviation log σ(x) of q(z|x), shape (batch, latent) each."""
        mean, log_sigma = self.encoder(x).chunk(2, dim=-1)
        return mean, log_sigma.clamp(-_LOG_SIGMA_RANGE, _LOG_SIGMA_RANGE)

    def posterior_mean(self, x: Tensor) -> Tensor:
        """Mean of q(z|x), shape (batch, latent)."""
        return self.posterior(x)[0]

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Log p(x|z) in nats with every normalising constant.

        Gaussian: N(x; g(z), ε²I) (Ryu 2025, sec. 2.2). Bernoulli: independent pixels with logits g(z).

        Args:
            x: examples, (batch, *shape).
            z: latents, (batch, latent), or (draws, batch, latent) for several draws an example.

        Returns:
            Shape of z without its last axis.
        """
        output: Tensor = self.decoder(z.reshape(-1, self.latent_dim)).reshape(*z.shape[:-1], *x.shape[1:])
        axes = tuple(range(z.ndim - 1, output.ndim))
        if self.settings.likelihood == "bernoulli":
            return (x * output - F.softplus(output)).sum(axes)
        mean = self._mean(output)
        squares = F.mse_loss(mean, x.expand_as(mean), reduction="none").sum(axes)
        variance = self.settings.epsilon**2
        return -0.5 * (squares / variance + x[0].numel() * math.log(2 * math.pi * variance))

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

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        """Log p(x|z) + log p(z) − log q(z|x) at z = μ + σ v: log importance weights (Burda et al. 2016, eq. 7 and 8).

        Args:
            x: examples, (batch, *shape).
            noise: standard normal v, (draws, batch, latent).

        Returns:
            Shape (draws, batch), in nats.
        """
        mean, log_sigma = self.posterior(x)
        noise = noise.to(mean.dtype)
        z = mean + log_sigma.exp() * noise
        prior_to_posterior = 0.5 * (noise.square() - z.square()).sum(-1) + log_sigma.sum(-1)
        return self.log_likelihood(x, z) + prior_to_posterior

    @property
    def binarisation(self) -> str | None:
        """How examples become binary: none, static or dynamic; None for a Gaussian likelihood of grey pixels."""
        grey = self.settings.likelihood == "gaussian" and self.settings.binarisation == "none"
        return None if grey else self.settings.binarisation

    def observed(self, x: Tensor, split: str = "test") -> Tensor:
        """Examples as the likelihood sees them: each pixel is 1 with its grey value as probability, or as it is.

        The draw is fixed: a function of the split's name and of an example's place in it, the same for every seed and
        method and on every device, for static and dynamic binarisation alike. So a split is to be given whole. Examples
        that are binary already stay as they are.

        Args:
            x: all examples of a split, (n, *shape), values in [0, 1].
            split: name of the split; different splits have unrelated draws.
        """
        if self.settings.binarisation == "none":
            return x
        fixed = random_stream(0, f"binarisation/{split}")
        return (torch.rand(x.shape, generator=fixed).to(x.device) < x).to(x.dtype)

    def training_data(self, train: Tensor) -> Tensor:
        """Binarised once where the binarisation is static; dynamic binarisation draws anew at each training step."""
        return self.observed(train, "train") if self.settings.binarisation == "static" else train

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
        """The encoder's statistics come from data as it is observed, the decoder's from generated batches."""
        self.encoder(self.observed(x, "train"))
        self.decoder(z)

    def _mean(self, output: Tensor) -> Tensor:
        return torch.sigmoid(output) if self.is_image else output
