"""One batch with its posterior: the terms that objectives are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from bench.models.vae.gradient import GradientEstimator
from bench.models.vae.kl_term import KLTerm
from bench.models.vae.posterior import Posterior, log_prior_ratio


@dataclass(frozen=True)
class Inference:
    """q(z|x) of a batch beside p(x|z).

    Attributes:
        posterior: q(z|x).
        log_likelihood: from z, (batch, latent) or (draws, batch, latent), to log p(x|z) in nats, shape of z without its
            last axis.
    """

    posterior: Posterior
    log_likelihood: Callable[[Tensor], Tensor]

    def elbo_terms(self, noise: Tensor, gradient: GradientEstimator, kl: KLTerm) -> tuple[Tensor, Tensor]:
        """Estimates of E_q[log p(x|z)] and of KL(q(z|x) ‖ p(z)), in nats.

        Args:
            noise: standard normal v of z = μ + L v, (batch, latent) or (draws, batch, latent).
            gradient: what estimates the derivatives.
            kl: how the second term is had.

        Returns:
            Shape of v without its last axis; the second (batch,) where it is the same for all draws.
        """
        reconstruction = gradient.expectation(lambda z, _: self.log_likelihood(z), self.posterior, noise)
        return reconstruction, kl.evaluate(self.posterior, gradient, noise)

    def log_weights(self, noise: Tensor) -> Tensor:
        """Log p(x|z) + log p(z) − log q(z|x) at z = μ + L v: log importance weights (Burda et al. 2016, eq. 7 and 8).

        Args:
            noise: standard normal v, (draws, batch, latent).

        Returns:
            Shape (draws, batch), in nats.
        """
        z = self.posterior.at(noise)
        return self.log_likelihood(z) + log_prior_ratio(self.posterior, z, noise)
