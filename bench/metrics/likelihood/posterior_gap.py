"""How loose the ELBO is on a model whose true posterior is known: one with a linear decoder (Ryu 2025, eq. 7)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import require_finite
from bench.metrics.likelihood.columns import POSTERIOR_GAP
from bench.metrics.likelihood.interface import GaussianPosterior, HasLinearDecoder, read_observed
from bench.metrics.likelihood.sums import average_with_error

CHUNK = 1000
"""Examples that go through the encoder at once."""


@dataclass(frozen=True)
class LinearGaussian:
    """z ~ N(0, I), x|z ~ N(W z + b, ε²I): probabilistic PCA (Tipping & Bishop 1999).

    Attributes:
        weight: W, shape (d, latent), float64.
        bias: b, shape (d,), float64.
        epsilon: ε.
    """

    weight: Tensor
    bias: Tensor
    epsilon: float

    @property
    def precision(self) -> Tensor:
        """Λ = I + WᵀW/ε² of p(z|x), the same for all x, shape (latent, latent)."""
        gram = self.weight.T @ self.weight / self.epsilon**2
        return gram + torch.eye(len(gram), dtype=gram.dtype, device=gram.device)

    def log_likelihood(self, x: Tensor) -> Tensor:
        """Log p(x) = log N(x; b, W Wᵀ + ε²I) in nats, shape (n,)."""
        noise = self.epsilon**2 * torch.eye(len(self.weight), dtype=x.dtype, device=x.device)
        law = MultivariateNormal(self.bias, self.weight @ self.weight.T + noise)
        log_density: Tensor = law.log_prob(x)  # type: ignore[no-untyped-call]
        return log_density

    def kl_to_posterior(self, x: Tensor, posterior: GaussianPosterior) -> Tensor:
        """KL(q(z|x) ‖ p(z|x)) in nats, shape (n,): by how much the ELBO is below log p(x).

        Args:
            x: shape (n, d), float64.
            posterior: q(z|x), likewise.
        """
        precision = self.precision
        exact_mean = torch.linalg.solve(precision, self.weight.T @ (x - self.bias).T).T / self.epsilon**2
        off = posterior.mean - exact_mean
        spread = (precision * posterior.covariance()).sum((1, 2)) - len(precision)
        volumes = torch.logdet(precision) + 2 * posterior.log_volume()
        gaps: Tensor = 0.5 * (spread + ((off @ precision) * off).sum(1) - volumes)
        return gaps

    def mean_field_gap(self) -> Tensor:
        """½ (Σ log Λ_ii − log det Λ), a scalar: min KL(q ‖ p(z|x)) over N(m, diag s²), at m exact and s_i² = 1/Λ_ii."""
        return 0.5 * (self.precision.diagonal().log().sum() - torch.logdet(self.precision))


@torch.no_grad()
def measure_posterior_gap(model: HasLinearDecoder, x: Tensor) -> dict[str, float]:
    """Log-likelihood and posterior gap of a model with a linear decoder, in float64.

    Args:
        model: the model, in evaluation mode.
        x: points as the likelihood sees them, shape (n, d).

    Returns:
        `log_likelihood_exact` and `posterior_gap`, from two points on with `_se`, their standard errors over points;
        `mean_field_gap`; empty if the decoder is not linear or the likelihood not Gaussian.

    Raises:
        ArgumentError: if a value is not finite.
    """
    found = model.linear_decoder()
    if found is None:
        return {}
    weight, bias, epsilon = found
    known = LinearGaussian(weight.to(x.device), bias.to(x.device), epsilon)
    exact = copy.deepcopy(model).double() if isinstance(model, nn.Module) else model
    points = x.double()
    gaps = torch.cat([known.kl_to_posterior(part, exact.posterior(part)) for part in torch.split(points, CHUNK)])
    values = {"log_likelihood_exact": known.log_likelihood(points), "posterior_gap": gaps}
    figures: dict[str, Any] = {}
    for name, each in values.items():
        require_finite(each, name)
        figures |= average_with_error(name, torch.tensor(len(each)), each.sum(), each.square().sum())
    return {name: float(value) for name, value in (figures | {"mean_field_gap": known.mean_field_gap()}).items()}


@register_metric("posterior_gap", version=1, columns=POSTERIOR_GAP)
def posterior_gap(subject: Subject) -> dict[str, float]:
    """See `measure_posterior_gap`, on the test split; nothing for other models than those with a linear decoder.

    Raises:
        ArgumentError: if a value is not finite.
    """
    if not isinstance(subject.model, HasLinearDecoder):
        return {}
    return measure_posterior_gap(subject.model, read_observed(subject.model, subject.data.test))
