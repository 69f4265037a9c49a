"""Gradient estimators of expectations under q(z|x) (Ryu 2025, sec. 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from bench.models.vae.posterior import Posterior, log_density

Integrand = Callable[[Tensor, Tensor], Tensor]
"""h as a function of z and of the v that z is made of, (..., batch, latent) each, to (..., batch)."""


class GradientEstimator(Protocol):
    """How the gradient of E_q[h(z)] in the encoder's parameters is estimated."""

    def expectation(self, integrand: Integrand, posterior: Posterior, noise: Tensor) -> Tensor:
        """An estimate of E_q[h(z)] from each draw, whose derivative estimates the derivative of E_q[h(z)].

        Args:
            integrand: h, which may depend on the encoder's parameters itself.
            posterior: q(z|x).
            noise: standard normal v, (batch, latent) or (draws, batch, latent).

        Returns:
            Shape of v without its last axis. The value is h at z = μ + L v; estimators differ in its derivative.
        """


@dataclass(frozen=True)
class Reparameterisation:
    """The derivative of h(μ + L v) itself, v held fixed (Kingma & Welling 2014)."""

    def expectation(self, integrand: Integrand, posterior: Posterior, noise: Tensor) -> Tensor:
        """See `GradientEstimator.expectation`."""
        return integrand(posterior.at(noise), noise)


@dataclass(frozen=True)
class ScoreFunction:
    """h ∇ log q + ∇h, z held fixed: REINFORCE, equation (a) of Ryu 2025, sec. 2.4 (Williams 1992)."""

    def expectation(self, integrand: Integrand, posterior: Posterior, noise: Tensor) -> Tensor:
        """See `GradientEstimator.expectation`."""
        z, held = posterior.hold(noise)
        value, log_q = integrand(z, held), log_density(posterior, held)
        return value + value.detach() * (log_q - log_q.detach())


GRADIENT_ESTIMATORS: Mapping[str, Callable[[], GradientEstimator]] = {
    "reparameterisation": Reparameterisation,
    "score_function": ScoreFunction,
}
"""Gradient estimators by the value of `gradient:`."""
