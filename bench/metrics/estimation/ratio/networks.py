"""Log-ratios by neural networks: all critics of a cross-fit trained at once, as a leading tensor dimension."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.metrics.estimation.ratio.coordinates import Coordinates
from bench.metrics.estimation.ratio.features import Features

_CHUNK = 2**24  # numbers in one batch of evaluated inputs: bounds memory


@dataclass(frozen=True)
class RatioNetworks:
    """R perceptrons with SiLU units, each beside a linear function of terms that its features name.

    The linear part starts at zero, as does the last layer, so that an untrained network adds nothing to what it is
    added to.

    Attributes:
        features: what the networks are given of coordinates.
        weights: of the layers, shapes (R, in, out).
        biases: of the layers, shapes (R, 1, out).
        linear: weights of the linear part, shape (R, features.linear_width, 1).
    """

    features: Features
    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    linear: Tensor

    @property
    def parameters(self) -> list[Tensor]:
        """All that is trained."""
        return [*self.weights, *self.biases, self.linear]

    def with_parameters(self, parameters: Iterable[Tensor]) -> RatioNetworks:
        """The same networks with other parameters, in the order of `parameters`."""
        given = list(parameters)
        layers = len(self.weights)
        weights, biases, (linear,) = given[:layers], given[layers : 2 * layers], given[2 * layers :]
        return replace(self, weights=tuple(weights), biases=tuple(biases), linear=linear)

    def __call__(self, coordinates: Tensor) -> Tensor:
        """V at coordinates of shape (R, n, d), shape (R, n)."""
        hidden = inputs = self.features.inputs(coordinates)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = F.silu(torch.baddbmm(bias, hidden, weight))
        output = torch.baddbmm(self.biases[-1], hidden, self.weights[-1])
        begin = 0
        for term in self.features.yield_linear(coordinates, inputs):
            end = begin + term.shape[-1]
            output = torch.baddbmm(output, term, self.linear[:, begin:end])
            begin = end
        return output.squeeze(-1)

    @torch.no_grad()
    def evaluate(self, coordinates: Coordinates, rows: Tensor) -> Tensor:
        """V of each critic at rows of its own, shape (R, …), in the same shape."""
        flat = rows.flatten(1)
        width = max(self.features.width, self.features.linear_width // 4, self.weights[0].shape[-1])
        step = max(1, _CHUNK // (len(flat) * width))
        parts = [self(coordinates.take(part)) for part in torch.split(flat, step, dim=1)]
        return torch.cat(parts, 1).reshape(rows.shape)


def make_initial_networks(
    features: Features, critics: int, width: int, depth: int, generator: torch.Generator
) -> RatioNetworks:
    """Networks with `depth` hidden layers of `width` units that map everything to zero."""
    sizes = [features.width] + [width] * depth
    device = generator.device

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, device=device)

    weights = [normal(critics, a, b) / math.sqrt(a) for a, b in pairwise(sizes)]
    biases = [0.5 * normal(critics, 1, b) for b in sizes[1:]]
    weights.append(torch.zeros(critics, width, 1, device=device))
    biases.append(torch.zeros(critics, 1, 1, device=device))
    linear = torch.zeros(critics, features.linear_width, 1, device=device)
    networks = RatioNetworks(features, tuple(weights), tuple(biases), linear)
    for parameter in networks.parameters:
        parameter.requires_grad_()
    return networks
