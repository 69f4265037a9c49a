"""Objectives: what training maximises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from bench.models.base import NoiseSpec


class LatentVariableModel(Protocol):
    """What objectives ask of a model; see `VAE`."""

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """E_q[log p(x|z)] and KL(q(z|x) ‖ p(z)), (batch,) each, from noise (batch, latent)."""

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        """Log importance weights, (draws, batch), from noise (draws, batch, latent)."""


class Objective(Protocol):
    """A lower bound on, or another surrogate of, the log-likelihood."""

    def noise(self, latent: int) -> NoiseSpec:
        """The standard normal numbers that an example needs in a training step."""

    def evaluate(self, model: LatentVariableModel, x: Tensor, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """What is maximised, and the values to record, each a scalar averaged over the batch.

        Args:
            model: the model.
            x: examples as the likelihood sees them, (batch, *shape).
            noise: as `noise` has it, (batch, ...).
        """


@dataclass(frozen=True)
class ELBO:
    """E_q[log p(x|z)] − KL(q(z|x) ‖ p(z)) (Ryu 2025, eq. 14), by one draw of z an example."""

    def noise(self, latent: int) -> NoiseSpec:
        """One draw."""
        return NoiseSpec((latent,))

    def evaluate(self, model: LatentVariableModel, x: Tensor, noise: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """See `Objective.evaluate`; both terms are recorded beside it."""
        reconstruction, kl = (term.mean() for term in model.elbo_terms(x, noise))
        elbo = reconstruction - kl
        return elbo, {"elbo": elbo, "reconstruction": reconstruction, "kl": kl}


OBJECTIVES: Mapping[str, Callable[[], Objective]] = {"elbo": ELBO}
"""Objectives by name; no setting chooses among them yet."""
