"""Maximum likelihood for the linear generator (Ryu 2025, sec. 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from bench.errors import ArgumentError
from bench.models.base import GenerativeModel, Losses, Noise, register_method
from bench.models.curves import curve_column
from bench.models.linear import gaussian_law
from bench.models.settings import MLESettings

_CURVES = (curve_column("log_likelihood", "Log-likelihood", unit="nats", order=7),)


@register_method("mle", settings=MLESettings, columns=_CURVES)
class MaximumLikelihood(GenerativeModel):
    """The linear generator x = μ + L z, z ~ N(0, I_d), that maximises E_P[log q(x)] over all Gaussians q = N(μ, L Lᵀ).

    Maximising the likelihood is minimising KL(P‖Q) (Ryu 2025, eq. 3 and 4): the M-projection of the data onto the
    linear generators, which the kl f-GAN with a linear generator approaches through a critic. Its mean and covariance
    are the data's. L is lower triangular with a positive diagonal, and training starts at N(0, I).

    Args:
        settings: the method's block.
        shape: shape of one example, (d,).

    Raises:
        ArgumentError: if the examples are images.
    """

    def __init__(self, settings: MLESettings, shape: Sequence[int]) -> None:
        super().__init__()
        if len(shape) != 1:
            raise ArgumentError(
                f"family '{settings.family}': found examples of shape {tuple(shape)}; expected points (d,), whose full "
                "covariance it fits; for images use family: vae"
            )
        self.latent_dim = shape[0]
        self.noise = {}
        self.mean = nn.Parameter(torch.zeros(shape[0]))
        self.log_diagonal = nn.Parameter(torch.zeros(shape[0]))
        self.lower = nn.Parameter(torch.zeros(shape[0], shape[0]))

    def factor(self) -> Tensor:
        """L, shape (d, d)."""
        return self.lower.tril(-1) + torch.diag(self.log_diagonal.exp())

    def log_likelihood(self, x: Tensor) -> Tensor:
        """Log q(x) = −½ |L⁻¹(x − μ)|² − log |L| − d/2 log 2π in nats, shape (batch,)."""
        standard = torch.linalg.solve_triangular(self.factor(), (x - self.mean).T, upper=False)
        log_volume = self.log_diagonal.sum() + 0.5 * self.latent_dim * math.log(2 * math.pi)
        log_density: Tensor = -0.5 * standard.square().sum(0) - log_volume
        return log_density

    def losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The negative log-likelihood (Ryu 2025, eq. 1)."""
        log_likelihood = self.log_likelihood(x).mean()
        return {"model": -log_likelihood}, {"log_likelihood": log_likelihood}

    def sample(self, z: Tensor) -> Tensor:
        """μ + L z."""
        return self.mean + z @ self.factor().T

    def law(self) -> MultivariateNormal | None:
        """N(μ, L Lᵀ)."""
        return gaussian_law(self.mean, self.factor())
