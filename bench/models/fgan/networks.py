"""Generator and critic from the `network:` block of GANs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from bench.models.networks import Layers, decoder, encoder
from bench.models.settings import GANNetwork

_DCGAN_STD = 0.02


def make_generator(network: GANNetwork, shape: Sequence[int]) -> nn.Sequential:
    """From latents (batch, latent) to examples (batch, *shape), with linear output.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """
    layers = Layers(network.generator, network.activation, network.kind, network.batch_norm, kernel=network.kernel)
    return INITIALISATIONS[network.initialisation](decoder(layers, network.latent, shape))


def make_critic(network: GANNetwork, shape: Sequence[int]) -> nn.Sequential:
    """From the critic's inputs (inputs, *shape) to (inputs, 1), with linear output.

    Raises:
        ArgumentError: if convolutions do not fit the inputs.
    """
    activation, batch_norm = network.critic_activation, network.critic_batch_norm
    layers = Layers(network.critic, activation, network.kind, batch_norm, plain=1, kernel=network.kernel)
    return INITIALISATIONS[network.initialisation](encoder(layers, shape, 1))


def _leave(network: nn.Sequential) -> nn.Sequential:
    return network


@torch.no_grad()
def _initialise_dcgan(network: nn.Sequential) -> nn.Sequential:
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            layer.weight.normal_(0, _DCGAN_STD)
            if layer.bias is not None:
                layer.bias.zero_()
    return network


INITIALISATIONS: Mapping[str, Callable[[nn.Sequential], nn.Sequential]] = {
    "default": _leave,
    "dcgan": _initialise_dcgan,
}
"""What sets a network's initial parameters, by the value of `initialisation:`."""
