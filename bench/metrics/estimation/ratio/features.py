"""What networks are given of a point's coordinates: themselves, waves of them, or direction and radius."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

_SHORTEST_WAVE = 1 / 60


class Features(Protocol):
    """Inputs of the hidden layers, and terms that the critic has a linear function of beside them."""

    @property
    def width(self) -> int:
        """Number of inputs, w."""

    @property
    def linear_width(self) -> int:
        """Number of linear terms, all together."""

    def inputs(self, coordinates: Tensor) -> Tensor:
        """Coordinates (R, n, d) as inputs (R, n, w)."""

    def yield_linear(self, coordinates: Tensor, inputs: Tensor) -> Iterator[Tensor]:
        """Linear terms, (R, n, ·) each: one at a time, for in many dimensions they are large."""


def _yield_additive(coordinates: Tensor) -> Iterator[Tensor]:
    """An additive model: each coordinate, its absolute value, its square and the square's logarithm."""
    yield coordinates
    yield coordinates.abs() - 0.8
    square = coordinates.square()
    yield square / 2 - 0.5
    yield square.log1p_() - 0.5


@dataclass(frozen=True)
class PlainFeatures:
    """The coordinates as they are."""

    width: int

    @property
    def linear_width(self) -> int:
        """See `Features`."""
        return 4 * self.width

    def inputs(self, coordinates: Tensor) -> Tensor:
        """See `Features`."""
        return coordinates

    def yield_linear(self, coordinates: Tensor, inputs: Tensor) -> Iterator[Tensor]:
        """See `Features`."""
        return _yield_additive(coordinates)


@dataclass(frozen=True)
class WaveFeatures:
    """The coordinates with sines and cosines of many lengths, for what is fine (Rahimi and Recht 2007).

    Attributes:
        frequencies: shape (d, w).
    """

    frequencies: Tensor

    @property
    def width(self) -> int:
        """See `Features`."""
        d, waves = self.frequencies.shape
        return d + 2 * waves

    @property
    def linear_width(self) -> int:
        """See `Features`."""
        return 4 * len(self.frequencies)

    def inputs(self, coordinates: Tensor) -> Tensor:
        """See `Features`."""
        phase = coordinates @ self.frequencies
        return torch.cat([coordinates, phase.sin(), phase.cos()], -1)

    def yield_linear(self, coordinates: Tensor, inputs: Tensor) -> Iterator[Tensor]:
        """See `Features`."""
        return _yield_additive(coordinates)


@dataclass(frozen=True)
class PolarFeatures:
    """Direction and radius: x/ρ, its squares, log ρ and 1/ρ², with ρ² = 1 + |x|².

    All but log ρ are bounded however heavy the tails are, and the ratio of elliptical laws is a smooth function of a
    linear one of them: 1 + xᵀAx = ρ² (1/ρ² + uᵀAu) with u = x/ρ.

    Attributes:
        dimensions: d.
    """

    dimensions: int

    @property
    def width(self) -> int:
        """See `Features`."""
        return 2 * self.dimensions + 2

    @property
    def linear_width(self) -> int:
        """See `Features`."""
        return self.width

    def inputs(self, coordinates: Tensor) -> Tensor:
        """See `Features`."""
        square = 1 + coordinates.square().sum(-1, keepdim=True)
        direction = coordinates / square.sqrt()
        return torch.cat([direction, direction.square(), square.log() / 2, 1 / square], -1)

    def yield_linear(self, coordinates: Tensor, inputs: Tensor) -> Iterator[Tensor]:
        """See `Features`."""
        yield inputs


def draw_waves(d: int, waves: int, generator: torch.Generator) -> WaveFeatures:
    """Waves in random directions with lengths spread evenly in logarithm."""
    direction = torch.randn(d, waves, generator=generator, device=generator.device)
    exponent = torch.rand(waves, generator=generator, device=generator.device)
    return WaveFeatures(direction * torch.exp(-exponent * math.log(_SHORTEST_WAVE)))
