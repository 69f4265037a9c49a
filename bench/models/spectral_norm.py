"""Spectral normalisation (Miyato et al. 2018): a layer's weight over its largest singular value."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

_WARM_UP = 15  # iterations before the first step, as torch's own does


class SpectralNorm(nn.Module):
    """W / σ(W), with σ from a power iteration that is carried on from step to step (Miyato et al. 2018, algorithm 1).

    The left singular vector u is in a buffer, so that a checkpoint keeps it. `iterate` alone changes it, not a forward
    pass, as it does in torch's own (`torch.nn.utils.parametrizations.spectral_norm`): `torch.func.vjp` allows no
    function that does. u and v count as constants in the gradient, which is that of W over uᵀ W v.

    Args:
        weight: the weight to be normalised, (outputs, ...); a kernel is taken as a matrix with a row for each output.
    """

    left: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("left", F.normalize(torch.randn(weight.shape[0]), dim=0))
        for _ in range(_WARM_UP):
            self.iterate(weight)

    def forward(self, weight: Tensor) -> Tensor:
        """The normalised weight, of the same shape."""
        left = self.left.clone()  # the next iteration writes into the buffer, perhaps before this is differentiated
        return weight / left.dot(weight.flatten(1) @ self._right(weight))

    @torch.no_grad()
    def iterate(self, weight: Tensor) -> None:
        """One power iteration."""
        self.left.copy_(F.normalize(weight.flatten(1) @ self._right(weight), dim=0))

    @torch.no_grad()
    def _right(self, weight: Tensor) -> Tensor:
        return F.normalize(weight.flatten(1).T @ self.left, dim=0)


def normalise_spectra(network: nn.Module) -> None:
    """Let every linear and convolutional layer of a network use its weight over its spectral norm.

    Args:
        network: its layers have the weights that they start from.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            parametrize.register_parametrization(layer, "weight", SpectralNorm(layer.weight))


def iterate_spectra(network: nn.Module) -> None:
    """One power iteration of each layer that uses its weight so; nothing where none does."""
    for module in list(network.modules()):
        if isinstance(module, parametrize.ParametrizationList) and isinstance(module[0], SpectralNorm):
            module[0].iterate(module.original)
