"""Networks from the `network:` block: multilayer perceptrons and small convolutional networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import prod

from torch import Tensor, nn

from bench.errors import ArgumentError
from bench.models.batch_norm import BatchNorm


class Maxout(nn.Module):
    """The largest of each unit's pieces (Goodfellow et al. 2013): (batch, units · pieces, …) to (batch, units, …).

    Args:
        pieces: linear maps of each unit.
    """

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        """The maxima."""
        return x.reshape(x.shape[0], -1, self.pieces, *x.shape[2:]).amax(2)


MAXOUT_PIECES = 5
"""As many as in the published code of PacGAN (Lin et al. 2018); Goodfellow et al. 2013 have 5 or fewer."""

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "leaky_relu_0.2": partial(nn.LeakyReLU, 0.2),
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "maxout": partial(Maxout, MAXOUT_PIECES),
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
        plain: how many of the first hidden layers are not normalised in any case.
        kernel: height and width of the kernels (conv): 4, where odd sizes are halved downwards, or 5, upwards.
    """

    hidden: Sequence[int]
    activation: str
    kind: str = "mlp"
    batch_norm: bool = False
    plain: int = 0
    kernel: int = 4

    @property
    def pieces(self) -> int:
        """Linear maps of each hidden unit."""
        return MAXOUT_PIECES if self.activation == "maxout" else 1

    def normalises(self, number: int) -> bool:
        """Whether the hidden layer of a number, from 0, is normalised."""
        return self.batch_norm and number >= self.plain

    def after(self, features: int, number: int) -> list[nn.Module]:
        """What follows the linear map of a hidden layer of so many units."""
        normalise: list[nn.Module] = [BatchNorm(features * self.pieces)] if self.normalises(number) else []
        return [*normalise, ACTIVATIONS[self.activation]()]


def mlp(layers: Layers, inputs: int, outputs: int) -> nn.Sequential:
    """A multilayer perceptron from (batch, inputs) to (batch, outputs), with linear output."""
    modules: list[nn.Module] = []
    widths = [inputs, *layers.hidden]
    for number, (width_in, width_out) in enumerate(pairwise(widths)):
        linear = nn.Linear(width_in, width_out * layers.pieces, bias=not layers.normalises(number))
        modules += [linear, *layers.after(width_out, number)]
    return nn.Sequential(*modules, nn.Linear(widths[-1], outputs))


def encoder(layers: Layers, shape: Sequence[int], outputs: int) -> nn.Sequential:
    """A network from examples (batch, *shape) to vectors (batch, outputs), with linear output: encoders and critics.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """
    if layers.kind == "mlp":
        return nn.Sequential(Reshape([prod(shape)]), mlp(layers, prod(shape), outputs))
    size = _halvings(layers, shape)[-1]
    padding = (layers.kernel - 1) // 2
    modules: list[nn.Module] = []
    for number, (before, channels) in enumerate(pairwise([shape[0], *layers.hidden])):
        maps, bias = channels * layers.pieces, not layers.normalises(number)
        modules.append(nn.Conv2d(before, maps, layers.kernel, stride=2, padding=padding, bias=bias))
        modules += layers.after(channels, number)
    flat = layers.hidden[-1] * prod(size)
    return nn.Sequential(*modules, Reshape([flat]), nn.Linear(flat, outputs))


def decoder(layers: Layers, inputs: int, shape: Sequence[int]) -> nn.Sequential:
    """A network from vectors (batch, inputs) to examples (batch, *shape), with linear output: decoders, generators.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """
    if layers.kind == "mlp":
        return nn.Sequential(mlp(layers, inputs, prod(shape)), Reshape(shape))
    sizes = _halvings(layers, shape)[::-1]
    maps = [channels * layers.pieces for channels in layers.hidden]
    start = (maps[0], *sizes[0])
    modules: list[nn.Module] = [nn.Linear(inputs, prod(start)), Reshape(start)]
    for number, (channels, mapped) in enumerate(zip(layers.hidden, [*maps[1:], shape[0]], strict=True)):
        (height, width), larger = sizes[number], sizes[number + 1]
        # a kernel makes 2 · size of the smaller size, or one less where it is odd
        odd = (larger[0] - 2 * height + layers.kernel % 2, larger[1] - 2 * width + layers.kernel % 2)
        padding = (layers.kernel - 1) // 2
        modules += layers.after(channels, number)
        modules.append(nn.ConvTranspose2d(channels, mapped, layers.kernel, 2, padding, output_padding=odd))
    return nn.Sequential(*modules)


def _halvings(layers: Layers, shape: Sequence[int]) -> list[tuple[int, int]]:
    """Heights and widths from the image down through the convolutions of stride 2."""
    if len(shape) != 3:
        raise ArgumentError(f"network.kind 'conv' needs images; found examples of shape {tuple(shape)}; use kind: mlp")
    count = len(layers.hidden)
    if count == 0:
        raise ArgumentError(
            "network.kind 'conv' needs at least one layer in each list; found an empty one; use kind: mlp"
        )
    up = layers.kernel % 2
    sizes = [(shape[1], shape[2])]
    for _ in range(count):
        height, width = sizes[-1]
        sizes.append(((height + up) // 2, (width + up) // 2))
    if min(sizes[-1]) < 1 or min(sizes[-2]) == 1:
        raise ArgumentError(f"network: {count} layers of stride 2 are too many for images of {shape[1]}×{shape[2]}")
    return sizes
