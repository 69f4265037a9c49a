"""The mean-field Gaussian posterior q(z|x)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Posterior(NamedTuple):
    """N(μ(x), diag σ(x)²).

    Attributes:
        mean: μ(x), shape (batch, latent).
        log_sigma: log σ(x), likewise.
    """

    mean: Tensor
    log_sigma: Tensor

    def at(self, noise: Tensor) -> Tensor:
        """μ + σ v (Ryu 2025, sec. 2.4).

        Args:
            noise: standard normal v, (batch, latent) or (draws, batch, latent).
        """
        return self.mean + self.log_sigma.exp() * noise

    def kl_to_prior(self) -> Tensor:
        """KL(q(z|x) ‖ N(0, I)) in closed form, in nats, shape (batch,)."""
        return 0.5 * (self.mean.square() + (2 * self.log_sigma).exp() - 1 - 2 * self.log_sigma).sum(1)
