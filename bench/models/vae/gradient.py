"""Gradient estimators of expectations under q(z|x)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from bench.models.vae.posterior import Posterior


class GradientEstimator(Protocol):
    """How the gradient of E_q[h(z)] in the encoder's parameters is estimated."""

    def expectation(self, integrand: Callable[[Tensor], Tensor], posterior: Posterior, noise: Tensor) -> Tensor:
        """An estimate of E_q[h(z)] for each example, whose derivative estimates the derivative of E_q[h(z)].

        Args:
            integrand: h, latents (..., batch, latent) to values (batch,).
            posterior: q(z|x).
            noise: standard normal v, shape of the latents.

        Returns:
            Shape (batch,). The value is h(μ + σ v); estimators differ in its derivative.
        """


@dataclass(frozen=True)
class Reparameterisation:
    """The derivative of h(μ + σ v) itself (Ryu 2025, sec. 2.4; Kingma & Welling 2014)."""

    def expectation(self, integrand: Callable[[Tensor], Tensor], posterior: Posterior, noise: Tensor) -> Tensor:
        """See `GradientEstimator.expectation`."""
        return integrand(posterior.at(noise))


GRADIENT_ESTIMATORS: Mapping[str, Callable[[], GradientEstimator]] = {"reparameterisation": Reparameterisation}
"""Gradient estimators by name; no setting chooses among them yet."""
