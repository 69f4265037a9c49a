"""The Inception-v3 network that FID is defined by, up to its 2,048 pooled features.

The architecture is that of Szegedy et al. 2016 (arXiv:1512.00567) as TensorFlow's frozen graph of 2015-12-05 has it,
which differs from the network of the paper and of other libraries in what matters for the figures: average pooling
leaves the padding out of its means, the very last block pools by maximum, and there are 1,008 classes.

Modules are named so that the state dict has the layout in which the graph's weights are published for PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 299
"""Height and width of the images that the network was trained on."""

FEATURES = 2048
CLASSES = 1008

Pool = Callable[[Tensor], Tensor]
Kernel = int | tuple[int, int]

_MEAN: Pool = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
_MAX: Pool = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
_HALVE: Pool = partial(F.max_pool2d, kernel_size=3, stride=2)


@dataclass(frozen=True)
class Layer:
    """One convolution of a branch: it keeps height and width if its stride is 1, and pads nothing if it is 2."""

    channels: int
    kernel: Kernel
    stride: int = 1


@dataclass(frozen=True)
class Branch:
    """One of the parallel paths of a block.

    Attributes:
        name: beginning of the names of its convolutions.
        layers: convolutions, one after another.
        fork: convolutions that all see the result of the layers; theirs lie one after another in the channels.
        pool: what the block's input goes through first.
    """

    name: str
    layers: tuple[Layer, ...] = ()
    fork: tuple[Layer, ...] = ()
    pool: Pool | None = None


Branches = tuple[Branch, ...]


def _make_a(pooled: int) -> Branches:
    return (
        Branch("branch1x1", (Layer(64, 1),)),
        Branch("branch5x5", (Layer(48, 1), Layer(64, 5))),
        Branch("branch3x3dbl", (Layer(64, 1), Layer(96, 3), Layer(96, 3))),
        Branch("branch_pool", (Layer(pooled, 1),), pool=_MEAN),
    )


def _make_b() -> Branches:
    return (
        Branch("branch3x3", (Layer(384, 3, 2),)),
        Branch("branch3x3dbl", (Layer(64, 1), Layer(96, 3), Layer(96, 3, 2))),
        Branch("branch_pool", pool=_HALVE),
    )


def _make_c(inner: int) -> Branches:
    row, column = Layer(inner, (1, 7)), Layer(inner, (7, 1))
    return (
        Branch("branch1x1", (Layer(192, 1),)),
        Branch("branch7x7", (Layer(inner, 1), row, Layer(192, (7, 1)))),
        Branch("branch7x7dbl", (Layer(inner, 1), column, row, column, Layer(192, (1, 7)))),
        Branch("branch_pool", (Layer(192, 1),), pool=_MEAN),
    )


def _make_d() -> Branches:
    return (
        Branch("branch3x3", (Layer(192, 1), Layer(320, 3, 2))),
        Branch("branch7x7x3", (Layer(192, 1), Layer(192, (1, 7)), Layer(192, (7, 1)), Layer(192, 3, 2))),
        Branch("branch_pool", pool=_HALVE),
    )


def _make_e(pool: Pool) -> Branches:
    cross = (Layer(384, (1, 3)), Layer(384, (3, 1)))
    return (
        Branch("branch1x1", (Layer(320, 1),)),
        Branch("branch3x3", (Layer(384, 1),), fork=cross),
        Branch("branch3x3dbl", (Layer(448, 1), Layer(384, 3)), fork=cross),
        Branch("branch_pool", (Layer(192, 1),), pool=pool),
    )


BLOCKS: dict[str, Branches] = {
    "Mixed_5b": _make_a(32),
    "Mixed_5c": _make_a(64),
    "Mixed_5d": _make_a(64),
    "Mixed_6a": _make_b(),
    "Mixed_6b": _make_c(128),
    "Mixed_6c": _make_c(160),
    "Mixed_6d": _make_c(160),
    "Mixed_6e": _make_c(192),
    "Mixed_7a": _make_d(),
    "Mixed_7b": _make_e(_MEAN),
    "Mixed_7c": _make_e(_MAX),
}
"""The blocks after the stem, in order."""


class Convolution(nn.Module):
    """A convolution without bias, batch normalisation and a rectifier."""

    def __init__(self, inputs: int, outputs: int, kernel: Kernel, stride: int = 1, padding: Kernel = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, inputs, height, width) to (n, outputs, …)."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Mixed(nn.Module):
    """A block of parallel branches, whose results lie one after another in the channels.

    Attributes:
        outputs: their number.
    """

    def __init__(self, inputs: int, branches: Branches) -> None:
        super().__init__()
        self.branches = branches
        self.outputs = sum(self._add(branch, inputs) for branch in branches)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, inputs, height, width) to (n, outputs, …)."""
        return torch.cat([result for branch in self.branches for result in self._follow(branch, x)], 1)

    def _add(self, branch: Branch, channels: int) -> int:
        """Make the convolutions of a branch; the number of channels that come out of it."""
        for name, layer in zip(_name_layers(branch), branch.layers, strict=True):
            self.add_module(name, _make_convolution(channels, layer))
            channels = layer.channels
        for name, layer in zip(_name_forks(branch), branch.fork, strict=True):
            self.add_module(name, _make_convolution(channels, layer))
        return sum(layer.channels for layer in branch.fork) or channels

    def _follow(self, branch: Branch, x: Tensor) -> Sequence[Tensor]:
        """What comes out of a branch: one tensor, or one for each end of its fork."""
        x = x if branch.pool is None else branch.pool(x)
        for name in _name_layers(branch):
            x = self.get_submodule(name)(x)
        return [self.get_submodule(name)(x) for name in _name_forks(branch)] or [x]


def _name_layers(branch: Branch) -> list[str]:
    """Numbered from 1, unless there is one convolution only."""
    if len(branch.layers) == 1 and not branch.fork:
        return [branch.name]
    return [f"{branch.name}_{number}" for number in range(1, len(branch.layers) + 1)]


def _name_forks(branch: Branch) -> list[str]:
    """The next number, with a letter each."""
    return [f"{branch.name}_{len(branch.layers) + 1}{letter}" for letter, _ in zip("ab", branch.fork, strict=False)]


def _make_convolution(inputs: int, layer: Layer) -> Convolution:
    height, width = (layer.kernel, layer.kernel) if isinstance(layer.kernel, int) else layer.kernel
    padding = (height // 2, width // 2) if layer.stride == 1 else 0
    return Convolution(inputs, layer.channels, layer.kernel, layer.stride, padding)


class InceptionV3(nn.Module):
    """From images to pooled features; `fc`, the classifier, is there for the layout's sake."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        channels = 192
        for name, branches in BLOCKS.items():
            block = Mixed(channels, branches)
            self.add_module(name, block)
            channels = block.outputs
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Features, shape (n, 2048), of images of shape (n, 3, 299, 299) with values in [−1, 1)."""
        x = _HALVE(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = _HALVE(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        for name in BLOCKS:
            x = self.get_submodule(name)(x)
        return x.mean((2, 3))
