"""Linear generators: the Gaussian that a linear map makes of standard normal latents."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from bench.models.networks import Reshape


def linear_law(
    network: nn.Module, latent_mean: Tensor | None = None, latent_factor: Tensor | None = None
) -> MultivariateNormal | None:
    """The law of network(z), z ~ N(m, F Fᵀ), for a network that is one linear map to points: N(W m + b, W F (W F)ᵀ).

    Args:
        network: a decoder or generator.
        latent_mean: m, shape (latent,), by default zero.
        latent_factor: F, shape (latent, latent), by default the identity.

    Returns:
        The law, as `GenerativeModel.law` gives it; None if the network has hidden layers or makes images, or the
        covariance is singular.
    """
    found = linear_map(network)
    if found is None:
        return None
    weight, mean = found
    if latent_mean is not None:
        mean = mean + weight @ _exactly(latent_mean)
    return gaussian_law(mean, weight if latent_factor is None else weight @ _exactly(latent_factor))


def linear_map(network: nn.Module) -> tuple[Tensor, Tensor] | None:
    """W, shape (d, latent), and b, shape (d,), of a network that is one linear map W z + b to points.

    Returns:
        They are on the CPU, in float64; None if the network has hidden layers or makes images.
    """
    modules = [module for module in network.modules() if not isinstance(module, nn.Sequential)]
    maps = [module for module in modules if isinstance(module, nn.Linear)]
    shapes = [module.shape for module in modules if isinstance(module, Reshape)]
    if len(maps) != 1 or len(maps) + len(shapes) < len(modules) or any(len(shape) != 1 for shape in shapes):
        return None
    return _exactly(maps[0].weight), _exactly(maps[0].bias)


def gaussian_law(mean: Tensor, factor: Tensor) -> MultivariateNormal | None:
    """N(mean, factor factorᵀ) on the CPU in float64.

    Args:
        mean: shape (d,).
        factor: shape (d, latent).

    Returns:
        The law; None where it has no density, since the covariance is singular (to the accuracy of the parameters'
        float32), or where a parameter is not finite.
    """
    mean, factor = _exactly(mean), _exactly(factor)
    if factor.shape[1] < factor.shape[0] or not bool(mean.isfinite().all() & factor.isfinite().all()):
        return None
    spectrum = torch.linalg.svdvals(factor)
    if float(spectrum[-1]) <= max(factor.shape) * torch.finfo(torch.float32).eps * float(spectrum[0]):
        return None
    # from factorᵀ = Q R follows factor factorᵀ = Rᵀ R, without squaring the condition number as Cholesky would
    triangle = torch.linalg.qr(factor.T, mode="r").R
    return MultivariateNormal(mean, scale_tril=triangle.T * triangle.diagonal().sign())


def _exactly(values: Tensor) -> Tensor:
    return values.detach().cpu().double()
