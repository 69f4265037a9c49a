"""How the parameters of a generator start, beyond what its layers do by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn

from bench.errors import ArgumentError


def keep_default(network: nn.Module) -> None:
    """Leave the parameters as the layers were made."""


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


INITIALISATIONS: Mapping[str, Callable[[nn.Module], None]] = {"default": keep_default, "identity": start_as_identity}
"""By the value of `network.initialisation:`."""
