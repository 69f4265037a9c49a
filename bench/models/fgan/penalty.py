"""What is added to the critic's loss at data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Penalty(Protocol):
    """A price of the critic at data."""

    def judge(self, critic: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        """The critic's outputs at data, and the price, a scalar.

        Args:
            critic: from its inputs (inputs, *shape) to (inputs, 1).
            x: data as inputs of the critic.
        """


@dataclass(frozen=True)
class NoPenalty:
    """None."""

    def judge(self, critic: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        """See `Penalty.judge`."""
        critic_p = critic(x)
        return critic_p, critic_p.new_zeros(())


@dataclass(frozen=True)
class GradientPenalty:
    """R1: γ/2 E_P[‖∇D(x)‖²] (Mescheder et al. 2018, eq. 9), the gradient that with respect to the critic's input.

    Attributes:
        weight: γ.
    """

    weight: float

    def judge(self, critic: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        """See `Penalty.judge`; outputs and gradients are from one forward pass."""
        critic_p, pull = torch.func.vjp(critic, x)[:2]
        (slope,) = pull(torch.ones_like(critic_p))
        return critic_p, self.weight / 2 * slope.square().flatten(1).sum(1).mean()


def choose_penalty(r1: float) -> Penalty:
    """The penalty of weight `r1`, none where that is 0."""
    return GradientPenalty(r1) if r1 else NoPenalty()
