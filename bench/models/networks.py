"""Networks from the `network:` block: multilayer perceptrons and small convolutional networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from torch import Tensor, nn

from bench.errors import ArgumentError
from bench.models.batch_norm import BatchNorm

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


class Reshape(nn.Module):
    """Give each example a shape: (batch, ...) to (batch, *shape)."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        """Reshape x."""
        return x.reshape(x.shape[0], *self.shape)


@dataclass(frozen=True)
class Layers:
    """The hidden layers of a network.

    Attributes:
        hidden: widths (mlp) or channels (conv) of the hidden layers; empty for one linear map (mlp only).
        activation: a name in `ACTIVATIONS`.
        kind: mlp, or conv: convolutions of stride 2, each halving height and width.
        batch_norm: whether hidden layers are normalised, before their activation.
    """

    hidden: Sequence[int]
    activation: str
    kind: str = "mlp"
    batch_norm: bool = False

    def after(self, features: int) -> list[nn.Module]:
        """What follows a hidden layer's linear map."""
        normalise: list[nn.Module] = [BatchNorm(features)] if self.batch_norm else []
        return [*normalise, ACTIVATIONS[self.activation]()]


def mlp(layers: Layers, inputs: int, outputs: int) -> nn.Sequential:
    """A multilayer perceptron from (batch, inputs) to (batch, outputs), with linear output."""
    modules: list[nn.Module] = []
    widths = [inputs, *layers.hidden]
    for width_in, width_out in pairwise(widths):
        modules += [nn.Linear(width_in, width_out, bias=not layers.batch_norm), *layers.after(width_out)]
    return nn.Sequential(*modules, nn.Linear(widths[-1], outputs))


def encoder(layers: Layers, shape: Sequence[int], outputs: int) -> nn.Sequential:
    """A network from examples (batch, *shape) to vectors (batch, outputs), with linear output: encoders and critics.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """
    if layers.kind == "mlp":
        return nn.Sequential(Reshape([prod(shape)]), mlp(layers, prod(shape), outputs))
    size = _halvings(shape, len(layers.hidden))[-1]
    modules: list[nn.Module] = []
    for channels_in, channels_out in pairwise([shape[0], *layers.hidden]):
        convolution = nn.Conv2d(channels_in, channels_out, 4, stride=2, padding=1, bias=not layers.batch_norm)
        modules += [convolution, *layers.after(channels_out)]
    flat = layers.hidden[-1] * prod(size)
    return nn.Sequential(*modules, Reshape([flat]), nn.Linear(flat, outputs))


def decoder(layers: Layers, inputs: int, shape: Sequence[int]) -> nn.Sequential:
    """A network from vectors (batch, inputs) to examples (batch, *shape), with linear output: decoders, generators.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """
    if layers.kind == "mlp":
        return nn.Sequential(mlp(layers, inputs, prod(shape)), Reshape(shape))
    sizes = _halvings(shape, len(layers.hidden))[::-1]
    start = (layers.hidden[0], *sizes[0])
    modules: list[nn.Module] = [nn.Linear(inputs, prod(start)), Reshape(start)]
    for channels, size, larger in zip(pairwise([*layers.hidden, shape[0]]), sizes, sizes[1:], strict=False):
        odd = (larger[0] - 2 * size[0], larger[1] - 2 * size[1])
        modules += layers.after(channels[0])
        modules.append(nn.ConvTranspose2d(*channels, 4, stride=2, padding=1, output_padding=odd))
    return nn.Sequential(*modules)


def _halvings(shape: Sequence[int], layers: int) -> list[tuple[int, int]]:
    """Heights and widths from the image down through `layers` convolutions of stride 2."""
    if len(shape) != 3:
        raise ArgumentError(f"network.kind 'conv' needs images; found examples of shape {tuple(shape)}; use kind: mlp")
    if layers == 0:
        raise ArgumentError(
            "network.kind 'conv' needs at least one layer in each list; found an empty one; use kind: mlp"
        )
    sizes = [(shape[1], shape[2])]
    for _ in range(layers):
        sizes.append((sizes[-1][0] // 2, sizes[-1][1] // 2))
    if min(sizes[-1]) < 1:
        raise ArgumentError(f"network: {layers} layers of stride 2 are too many for images of {shape[1]}×{shape[2]}")
    return sizes
