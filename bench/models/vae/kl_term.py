"""The KL term of the ELBO in training: in closed form, or by the draw of z that the other term takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from bench.models.vae.gradient import GradientEstimator
from bench.models.vae.posterior import Posterior, log_prior_ratio


class KLTerm(Protocol):
    """KL(q(z|x) ‖ p(z)), p(z) = N(0, I)."""

    def evaluate(self, posterior: Posterior, gradient: GradientEstimator, noise: Tensor) -> Tensor:
        """Its value or an unbiased estimate, in nats.

        Args:
            posterior: q(z|x).
            gradient: what estimates derivatives of expectations.
            noise: standard normal v, (batch, latent) or (draws, batch, latent).

        Returns:
            Shape (batch,), or that of v without its last axis.
        """


@dataclass(frozen=True)
class Analytic:
    """In closed form (Ryu 2025, eq. 12)."""

    def evaluate(self, posterior: Posterior, gradient: GradientEstimator, noise: Tensor) -> Tensor:
        """See `KLTerm.evaluate`."""
        return posterior.kl_to_prior()


@dataclass(frozen=True)
class MonteCarlo:
    """Log q(z|x) − log p(z) at each draw (Ryu 2025, eq. 14)."""

    def evaluate(self, posterior: Posterior, gradient: GradientEstimator, noise: Tensor) -> Tensor:
        """See `KLTerm.evaluate`."""
        return gradient.expectation(lambda z, v: -log_prior_ratio(posterior, z, v), posterior, noise)


KL_TERMS: Mapping[str, Callable[[], KLTerm]] = {"analytic": Analytic, "monte_carlo": MonteCarlo}
"""KL terms by the value of `kl:`."""
