"""Noise on what the critic sees in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from bench.models.base import Noise, NoiseSpec


@dataclass(frozen=True)
class InstanceNoise:
    """N(0, σ²I) on data and generated examples (Sønderby et al. 2017, sec. 3.3; Arjovsky & Bottou 2017, sec. 3).

    The critic then compares the laws convolved with it, as a spread divergence does.

    Attributes:
        scale: σ, the same in every step; 0 for none.
    """

    scale: float

    def specs(self, shape: Sequence[int]) -> dict[str, NoiseSpec]:
        """What a move's noise must hold for it, given the shape of an example."""
        names = ("instance/data", "instance/generated") if self.scale else ()
        return {name: NoiseSpec(tuple(shape)) for name in names}

    def add(self, x: Tensor, noise: Noise, side: Literal["data", "generated"]) -> Tensor:
        """Examples (batch, *shape) with the noise of their side."""
        return x + self.scale * noise[f"instance/{side}"] if self.scale else x
