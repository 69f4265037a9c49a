"""Objectives: what training maximises."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from bench.errors import ArgumentError
from bench.models.base import NoiseSpec
from bench.models.objective_names import renyi_order
from bench.models.settings import VAESettings
from bench.models.vae.gradient import GRADIENT_ESTIMATORS, GradientEstimator
from bench.models.vae.inference import Inference
from bench.models.vae.kl_term import KL_TERMS, KLTerm


class Objective(Protocol):
    """A lower bound on, or another surrogate of, the log-likelihood."""

    def noise(self, latent: int) -> NoiseSpec:
        """The standard normal numbers that an example needs in a training step."""

    def evaluate(self, inference: Inference, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """What is maximised, and the values to record, each a scalar averaged over the batch.

        Args:
            inference: the batch with its posterior.
            noise: as `noise` has it, (batch, ...).
        """


@dataclass(frozen=True)
class ELBO:
    """E_q[log p(x|z)] − KL(q(z|x) ‖ p(z)) (Ryu 2025, eq. 12 to 14), a mean over draws of z.

    Attributes:
        draws: of z an example.
        gradient: what estimates the derivatives.
        kl: how the second term is had.
    """

    draws: int
    gradient: GradientEstimator
    kl: KLTerm

    @classmethod
    def of(cls, settings: VAESettings) -> ELBO:
        """As settings have it."""
        return cls(settings.draws, GRADIENT_ESTIMATORS[settings.gradient](), KL_TERMS[settings.kl]())

    def noise(self, latent: int) -> NoiseSpec:
        """No axis for draws where there is one."""
        return NoiseSpec((latent,) if self.draws == 1 else (self.draws, latent))

    def evaluate(self, inference: Inference, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Objective.evaluate`; both terms are recorded beside it."""
        terms = inference.elbo_terms(noise.movedim(0, -2), self.gradient, self.kl)
        reconstruction, kl = (term.mean() for term in terms)
        elbo = reconstruction - kl
        return elbo, {"elbo": elbo, "reconstruction": reconstruction, "kl": kl}


@dataclass(frozen=True)
class Renyi:
    """The variational Rényi bound 1/(1−α) log 1/K Σ_k w_k^(1−α) (Li & Turner 2016, eq. 8).

    α → 1 is the ELBO by the same draws, α = 0 the importance-weighted bound (Burda et al. 2016, eq. 8), α → −∞ the
    largest log-weight (VR-max). Its gradient is that of the log-weights, reparameterised, weighted by w_k^(1−α).

    Attributes:
        alpha: the order α, finite or −∞.
        draws: K, of z an example.
    """

    alpha: float
    draws: int

    @classmethod
    def of(cls, settings: VAESettings, alpha: float) -> Renyi:
        """As settings have it.

        Raises:
            ArgumentError: if they ask for a factor of the ELBO.
        """
        for name, value in (("gradient", settings.gradient), ("kl", settings.kl)):
            if value != VAESettings.model_fields[name].default:
                raise ArgumentError(
                    f"family '{settings.family}': found {name}: {value} with objective: {settings.objective}, which is "
                    f"of reparameterised log-weights; expected it with objective: elbo; leave {name} out"
                )
        return cls(alpha, settings.draws)

    def noise(self, latent: int) -> NoiseSpec:
        """An axis for draws, one draw too."""
        return NoiseSpec((self.draws, latent))

    def evaluate(self, inference: Inference, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Objective.evaluate`; the ELBO by the same draws is recorded beside it."""
        log_weights = inference.log_weights(noise.movedim(0, -2))
        bound = renyi_bound(log_weights, self.alpha).mean()
        return bound, {"objective": bound, "elbo": log_weights.mean()}


def renyi_bound(log_weights: Tensor, alpha: float) -> Tensor:
    """1/(1−α) log 1/K Σ_k exp((1−α) log w_k), with its limits at α = 1 and −∞, in nats.

    Every exponential is of a number ≤ 0, and log(1 + mean(eᵃ − 1)) keeps its digits where 1 − α is small: it is finite
    for any finite log-weights, and continuous at α = 1.

    Args:
        log_weights: shape (K, batch).
        alpha: the order.

    Returns:
        Shape (batch,).
    """
    power = 1 - alpha
    if power == 0:
        return log_weights.mean(0)
    if math.isinf(power):
        return log_weights.max(0).values
    # any shift does, so that it is a constant to autograd
    shift = (log_weights.amax(0) if power > 0 else log_weights.amin(0)).detach()
    return shift + (power * (log_weights - shift)).expm1().mean(0).log1p() / power


OBJECTIVES: Mapping[str, Callable[[VAESettings], Objective]] = {
    "elbo": ELBO.of,
    "iwae": lambda settings: Renyi.of(settings, 0.0),
}
"""What makes an objective from the settings, by the value of `objective:`; see `make_objective` for the others."""


def make_objective(settings: VAESettings) -> Objective:
    """The objective that settings name, one of `OBJECTIVES` or renyi(α).

    Raises:
        ArgumentError: if other factors do not go with it.
    """
    if settings.objective in OBJECTIVES:
        return OBJECTIVES[settings.objective](settings)
    return Renyi.of(settings, renyi_order(settings.objective))
