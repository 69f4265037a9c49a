"""How the parameters of generator and critic start, beyond what their layers do by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from bench.errors import ArgumentError

_DCGAN_STD = 0.02


def keep_default(network: nn.Module) -> None:
    """Leave the parameters as the layers were made."""


@torch.no_grad()
def draw_dcgan(network: nn.Module) -> None:
    """Weights from N(0, 0.02²), biases 0 (Radford et al. 2016)."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            layer.weight.normal_(0, _DCGAN_STD)
            if layer.bias is not None:
                layer.bias.zero_()


@torch.no_grad()
def start_as_identity(network: nn.Module) -> None:
    """Make a linear map the identity, so that generated points start standard normal.

    A linear generator that starts as its layer does by default may have next to no spread: log-ratios are then so large
    that a divergence with a high power of r never recovers.

    Raises:
        ArgumentError: if the network is not one linear map between spaces of one dimension.
    """
    maps = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if len(maps) != 1 or maps[0].in_features != maps[0].out_features:
        found = ", ".join(f"{m.in_features} to {m.out_features}" for m in maps)
        raise ArgumentError(
            f"network.initialisation 'identity': found linear maps from {found}; expected a single one between spaces "
            "of one dimension: set generator: [] and latent to the dimension of a point"
        )
    nn.init.eye_(maps[0].weight)
    nn.init.zeros_(maps[0].bias)


@dataclass(frozen=True)
class Initialisation:
    """What is done to freshly made networks.

    Attributes:
        generator: to the generator.
        critic: to the critic.
    """

    generator: Callable[[nn.Module], None]
    critic: Callable[[nn.Module], None]


INITIALISATIONS: Mapping[str, Initialisation] = {
    "default": Initialisation(keep_default, keep_default),
    "dcgan": Initialisation(draw_dcgan, draw_dcgan),
    "identity": Initialisation(start_as_identity, keep_default),
}
"""By the value of `network.initialisation:`."""
