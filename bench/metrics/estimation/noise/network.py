"""Critics that are told the level of the noise: v(z, s) = log p_s/q_s for all levels s at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_KNOTS = 6


@dataclass(frozen=True)
class Levels:
    """Levels of noise, and how a critic is told one: by hat functions of log s, which sum to 1.

    Attributes:
        spreads: s, ascending, shape (S,).
        codes: of each level, shape (S, E).
    """

    spreads: Tensor
    codes: Tensor


def encode_levels(spreads: Tensor) -> Levels:
    """The levels with their codes: linear interpolation in log s between at most six knots."""
    logs = spreads.log()
    knots = min(_KNOTS, len(spreads))
    if knots == 1:
        return Levels(spreads, torch.ones(1, 1, device=spreads.device))
    place = (logs - logs[0]) / (logs[-1] - logs[0]) * (knots - 1)
    codes = (1 - (place[:, None] - torch.arange(knots, device=spreads.device)).abs()).clamp(min=0)
    return Levels(spreads, codes)


@dataclass(frozen=True)
class NoiseCritics:
    """R perceptrons with two hidden layers of SiLU units whose biases, gains and outputs depend on the level of noise.

    Beside them stands an additive model, linear in each input and in its square, with weights for each level. It starts
    at zero, as do the gains and the last layer.

    Attributes:
        first: shape (R, K, h).
        second: shape (R, h, h).
        last: shape (R, h, E).
        shifts: biases of both hidden layers by code, shape (R, 2, E, h).
        gains: of the first hidden layer, shape (R, E, h).
        additive: shape (R, 2 K, E).
        constant: shape (R, E, 1).
    """

    first: Tensor
    second: Tensor
    last: Tensor
    shifts: Tensor
    gains: Tensor
    additive: Tensor
    constant: Tensor

    @property
    def parameters(self) -> list[Tensor]:
        """All that is trained."""
        return [self.first, self.second, self.last, self.shifts, self.gains, self.additive, self.constant]

    def __call__(self, inputs: Tensor, codes: Tensor) -> Tensor:
        """V at inputs (R, n, K) under the noise of the codes, (R, n, E) or (n, E): shape (R, n)."""
        codes = codes.expand(len(inputs), -1, -1)
        hidden = F.silu(torch.baddbmm(codes @ self.shifts[:, 0], inputs, self.first))
        hidden = hidden * (1 + codes @ self.gains)
        hidden = F.silu(torch.baddbmm(codes @ self.shifts[:, 1], hidden, self.second))
        terms = torch.cat([inputs, inputs.square() - 0.5], -1)
        output = hidden @ self.last + terms @ self.additive
        return (output * codes).sum(-1) + (codes @ self.constant).squeeze(-1)


def make_critics(critics: int, inputs: int, codes: int, width: int, generator: torch.Generator) -> NoiseCritics:
    """Critics that say v = 0 everywhere.

    Args:
        critics: R.
        inputs: K.
        codes: E.
        width: of the hidden layers.
        generator: draws the initial weights; on the device where the critics are to be.
    """

    def normal(*shape: int, scale: float) -> Tensor:
        return scale * torch.randn(shape, generator=generator, device=generator.device)

    def zeros(*shape: int) -> Tensor:
        return torch.zeros(shape, device=generator.device)

    made = NoiseCritics(
        first=normal(critics, inputs, width, scale=1 / math.sqrt(inputs)),
        second=normal(critics, width, width, scale=1 / math.sqrt(width)),
        last=zeros(critics, width, codes),
        shifts=normal(critics, 2, codes, width, scale=0.5),
        gains=zeros(critics, codes, width),
        additive=zeros(critics, 2 * inputs, codes),
        constant=zeros(critics, codes, 1),
    )
    for parameter in made.parameters:
        parameter.requires_grad_()
    return made
