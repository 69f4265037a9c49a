"""Gaussian posteriors q(z|x) = N(μ(x), L(x) L(x)ᵀ), whose draws are z = μ + L v with v standard normal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

_LOG_SIGMA_RANGE = 10.0  # e^±10 keeps every term of the bound finite in float32


class Posterior(Protocol):
    """q(z|x) of a batch of examples."""

    @property
    def mean(self) -> Tensor:
        """μ(x), shape (batch, latent)."""

    def at(self, noise: Tensor) -> Tensor:
        """The draw z = μ + L v (Ryu 2025, sec. 2.4), shape as v.

        Args:
            noise: standard normal v, (batch, latent) or (draws, batch, latent).
        """

    def hold(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """The same z as a constant, and v = L⁻¹(z − μ), whose derivative is then that of μ and L alone.

        The value of v is that of `noise`, up to rounding in the units of v, however small L is.
        """

    def log_volume(self) -> Tensor:
        """Log |det L|, shape (batch,)."""

    def kl_to_prior(self) -> Tensor:
        """KL(q(z|x) ‖ N(0, I)) in closed form, in nats, shape (batch,)."""

    def covariance(self) -> Tensor:
        """L Lᵀ, shape (batch, latent, latent)."""


def log_density(posterior: Posterior, noise: Tensor) -> Tensor:
    """Log q(z|x) + ½ latent log 2π at z = μ + L v: shape of v without its last axis."""
    return -0.5 * noise.square().sum(-1) - posterior.log_volume()


def log_prior_ratio(posterior: Posterior, z: Tensor, noise: Tensor) -> Tensor:
    """Log p(z) − log q(z|x) in nats at z = μ + L v: shape of z without its last axis."""
    return 0.5 * (noise.square() - z.square()).sum(-1) + posterior.log_volume()


class MeanField(NamedTuple):
    """N(μ(x), diag σ(x)²) (Ryu 2025, sec. 2.3).

    Attributes:
        mean: μ(x), shape (batch, latent).
        log_sigma: log σ(x), likewise.
    """

    mean: Tensor
    log_sigma: Tensor

    @classmethod
    def of(cls, output: Tensor) -> MeanField:
        """From what the encoder puts out, (batch, 2 latent)."""
        mean, log_sigma = output.chunk(2, dim=-1)
        return cls(mean, _clamp(log_sigma))

    def at(self, noise: Tensor) -> Tensor:
        """See `Posterior.at`."""
        return self.mean + self.log_sigma.exp() * noise

    def hold(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """See `Posterior.hold`."""
        mean, log_sigma = self.mean.detach(), self.log_sigma.detach()
        centred = (mean - self.mean) * (-self.log_sigma).exp()  # 0; z − μ itself would lose digits where σ is small
        return self.at(noise).detach(), centred + (log_sigma - self.log_sigma).exp() * noise

    def log_volume(self) -> Tensor:
        """See `Posterior.log_volume`."""
        return self.log_sigma.sum(-1)

    def kl_to_prior(self) -> Tensor:
        """See `Posterior.kl_to_prior`."""
        return 0.5 * (self.mean.square() + (2 * self.log_sigma).exp() - 1 - 2 * self.log_sigma).sum(1)

    def covariance(self) -> Tensor:
        """See `Posterior.covariance`."""
        return torch.diag_embed((2 * self.log_sigma).exp())


class FullCovariance(NamedTuple):
    """N(μ(x), L(x) L(x)ᵀ), L lower triangular with a positive diagonal.

    Attributes:
        mean: μ(x), shape (batch, latent).
        log_diagonal: log of the diagonal of L(x), likewise.
        lower: what is below it, a lower triangular matrix with a zero diagonal, shape (batch, latent, latent).
    """

    mean: Tensor
    log_diagonal: Tensor
    lower: Tensor

    @classmethod
    def of(cls, output: Tensor, latent: int) -> FullCovariance:
        """From what the encoder puts out, (batch, 2 latent + latent (latent − 1) / 2)."""
        mean, log_diagonal, entries = torch.split(output, [latent, latent, output.shape[-1] - 2 * latent], -1)
        row = torch.arange(latent, device=output.device)
        places = 1 + row[:, None] * (row[:, None] - 1) // 2 + row  # of entry (i, j) below the diagonal, row by row
        places = places.where(row[:, None] > row, 0)  # where there is a zero
        return cls(mean, _clamp(log_diagonal), F.pad(entries, (1, 0))[..., places])

    def factor(self) -> Tensor:
        """L, shape (batch, latent, latent)."""
        return self.lower + torch.diag_embed(self.log_diagonal.exp())

    def at(self, noise: Tensor) -> Tensor:
        """See `Posterior.at`."""
        return self.mean + _apply(self.factor(), noise)

    def hold(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """See `Posterior.hold`."""
        factor = self.factor()
        centred = (self.mean.detach() - self.mean) + _apply(factor.detach(), noise)
        held = torch.linalg.solve_triangular(factor, centred.unsqueeze(-1), upper=False).squeeze(-1)
        return self.at(noise).detach(), held

    def log_volume(self) -> Tensor:
        """See `Posterior.log_volume`."""
        return self.log_diagonal.sum(-1)

    def kl_to_prior(self) -> Tensor:
        """See `Posterior.kl_to_prior`."""
        squares = (2 * self.log_diagonal).exp() + self.lower.square().sum(-1)
        return 0.5 * (self.mean.square() + squares - 1 - 2 * self.log_diagonal).sum(1)

    def covariance(self) -> Tensor:
        """See `Posterior.covariance`."""
        factor = self.factor()
        return factor @ factor.mT


def _clamp(log_sigma: Tensor) -> Tensor:
    return log_sigma.clamp(-_LOG_SIGMA_RANGE, _LOG_SIGMA_RANGE)


def _apply(factor: Tensor, noise: Tensor) -> Tensor:
    """L v for every draw."""
    return torch.einsum("bij,...bj->...bi", factor, noise)


@dataclass(frozen=True)
class PosteriorFamily:
    """Posteriors of one form.

    Attributes:
        outputs: how many numbers the encoder puts out for a number of latents.
        of: from these, (batch, outputs), and the number of latents to the posterior.
    """

    outputs: Callable[[int], int]
    of: Callable[[Tensor, int], Posterior]


POSTERIORS: Mapping[str, PosteriorFamily] = {
    "mean_field": PosteriorFamily(lambda latent: 2 * latent, lambda output, _: MeanField.of(output)),
    "full_covariance": PosteriorFamily(lambda latent: latent * (latent + 3) // 2, FullCovariance.of),
}
"""Forms of the posterior by the value of `posterior:`."""
