"""The linear-Gaussian VAE, whose likelihood, ELBO and posterior are known: x = W z + b + ε noise."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from bench.models.settings import VAESettings
from bench.models.vae import VAE
from bench.models.vae.posterior import Posterior


@torch.no_grad()
def linear_vae(seed: int, d: int = 3, latent: int = 2, epsilon: float = 0.7, **factors: Any) -> VAE:
    """With random parameters, in float64, in evaluation mode."""
    network = {"latent": latent, "encoder": [], "decoder": []}
    settings = VAESettings.model_validate({"family": "vae", "epsilon": epsilon, "network": network} | factors)
    model = VAE(settings, (d,)).double().eval()
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return model


def only_map(network: nn.Module) -> nn.Linear:
    """The one linear map of a network without hidden layers."""
    (found,) = (module for module in network.modules() if isinstance(module, nn.Linear))
    return found


def marginal(model: VAE) -> MultivariateNormal:
    """N(b, W Wᵀ + ε²I)."""
    decoder = only_map(model.decoder)
    weight = decoder.weight.detach()
    noise = model.settings.epsilon**2 * torch.eye(len(weight), dtype=weight.dtype)
    return MultivariateNormal(decoder.bias.detach(), weight @ weight.T + noise)


def exact_elbo(model: VAE, posterior: Posterior, x: Tensor) -> Tensor:
    """E_q log N(x; W z + b, ε²I) − KL(q ‖ N(0, I)) of each example, by moments of q."""
    decoder, variance, covariance = only_map(model.decoder), model.settings.epsilon**2, posterior.covariance()
    residual = (x - posterior.mean @ decoder.weight.T - decoder.bias).square().sum(1)
    spread = torch.einsum("dj,bjk,dk->b", decoder.weight, covariance, decoder.weight)
    normaliser = x.shape[1] * math.log(2 * math.pi * variance)
    squares = posterior.mean.square().sum(1) + covariance.diagonal(dim1=1, dim2=2).sum(1)
    kl = 0.5 * (squares - covariance.shape[1] - torch.linalg.slogdet(covariance).logabsdet)
    return -0.5 * ((residual + spread) / variance + normaliser) - kl
