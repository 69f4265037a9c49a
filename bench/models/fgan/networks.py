"""Generator and critic from the `network:` block of GANs."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from bench.models.initialisation import INITIALISATIONS
from bench.models.networks import Layers, decoder, encoder
from bench.models.settings import GANNetwork


def make_generator(network: GANNetwork, shape: Sequence[int]) -> nn.Sequential:
    """From latents (batch, latent) to examples (batch, *shape), with linear output.

    Raises:
        ArgumentError: if convolutions do not fit the examples, or a network does not fit its initialisation.
    """
    layers = Layers(network.generator, network.activation, network.kind, network.batch_norm, kernel=network.kernel)
    made = decoder(layers, network.latent, shape)
    INITIALISATIONS[network.initialisation].generator(made)
    return made


def make_critic(network: GANNetwork, shape: Sequence[int]) -> nn.Sequential:
    """From the critic's inputs (inputs, *shape) to (inputs, 1), with linear output.

    Raises:
        ArgumentError: if convolutions do not fit the inputs.
    """
    activation, batch_norm = network.critic_activation, network.critic_batch_norm
    layers = Layers(network.critic, activation, network.kind, batch_norm, plain=1, kernel=network.kernel)
    made = encoder(layers, shape, 1)
    INITIALISATIONS[network.initialisation].critic(made)
    return made
