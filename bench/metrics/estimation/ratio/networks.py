"""Log-ratios by neural networks: all critics of a cross-fit trained at once, as a leading tensor dimension."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.metrics.estimation.ratio.inputs import CriticInputs

_CHUNK = 2**24  # numbers in one batch of evaluated inputs: bounds memory


@dataclass(frozen=True)
class RatioNetworks:
    """R perceptrons with SiLU units, each beside an additive model of the coordinates.

    The additive part (linear, absolute value, square and logarithm of each coordinate) starts at zero, as does the last
    layer, so that an untrained network adds nothing to what it is added to.

    Attributes:
        inputs: maps points to inputs.
        weights: of the layers, shapes (R, in, out).
        biases: of the layers, shapes (R, 1, out).
        additive: weights of the additive part, shape (R, 4 d, 1).
    """

    inputs: CriticInputs
    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    additive: Tensor

    @property
    def parameters(self) -> list[Tensor]:
        """All that is trained."""
        return [*self.weights, *self.biases, self.additive]

    def __call__(self, points: Tensor) -> Tensor:
        """V at points of shape (R, n, d), shape (R, n)."""
        coordinates = self.inputs.coordinates(points)
        hidden = self.inputs.waves(coordinates)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = F.silu(torch.baddbmm(bias, hidden, weight))
        output = torch.baddbmm(self.biases[-1], hidden, self.weights[-1])
        for term, weight in zip(_yield_additive_terms(coordinates), self.additive.tensor_split(4, 1), strict=True):
            output = torch.baddbmm(output, term, weight)
        return output.squeeze(-1)

    @torch.no_grad()
    def evaluate(self, points: Tensor, left_out: Tensor) -> Tensor:
        """V of each critic at the folds that it leaves out.

        Args:
            points: in folds, shape (F, s, d).
            left_out: shape (R, 2).

        Returns:
            Shape (R, 2, s).
        """
        critics, sides = left_out.shape
        step = max(1, _CHUNK // (critics * sides * max(points.shape[-1], self.weights[0].shape[-1])))
        parts = [
            self(part[left_out].flatten(1, 2)).reshape(critics, sides, -1) for part in torch.split(points, step, dim=1)
        ]
        return torch.cat(parts, -1)


def _yield_additive_terms(coordinates: Tensor) -> Iterator[Tensor]:
    """What the additive part is linear in, (R, n, d) each: one at a time, for in many dimensions they are large."""
    yield coordinates
    yield coordinates.abs() - 0.8
    square = coordinates.square()
    yield square / 2 - 0.5
    yield square.log1p_() - 0.5


def make_initial_networks(inputs: CriticInputs, width: int, depth: int, generator: torch.Generator) -> RatioNetworks:
    """Networks with `depth` hidden layers of `width` units that map everything to zero."""
    critics, _, d = inputs.centre.shape
    sizes = [inputs.width] + [width] * depth

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, device=generator.device)

    weights = [normal(critics, a, b) / math.sqrt(a) for a, b in pairwise(sizes)]
    biases = [0.5 * normal(critics, 1, b) for b in sizes[1:]]
    weights.append(torch.zeros(critics, width, 1, device=generator.device))
    biases.append(torch.zeros(critics, 1, 1, device=generator.device))
    networks = RatioNetworks(
        inputs, tuple(weights), tuple(biases), torch.zeros(critics, 4 * d, 1, device=generator.device)
    )
    for parameter in networks.parameters:
        parameter.requires_grad_()
    return networks
