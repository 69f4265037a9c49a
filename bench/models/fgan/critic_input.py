"""What the critic is shown of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class CriticInput(Protocol):
    """How examples are put together before the critic judges them."""

    def shape(self, example: Sequence[int]) -> tuple[int, ...]:
        """Shape of one input of the critic, from that of an example."""

    def show(self, x: Tensor) -> Tensor:
        """Examples (batch, *example) as inputs of the critic (inputs, *shape)."""


@dataclass(frozen=True)
class Single:
    """Each example by itself."""

    def shape(self, example: Sequence[int]) -> tuple[int, ...]:
        """That of an example."""
        return tuple(example)

    def show(self, x: Tensor) -> Tensor:
        """The examples as they are."""
        return x


@dataclass(frozen=True)
class Packed:
    """Several examples at once (PacGAN, Lin et al. 2018): features of points, channels of images, one after another.

    The critic then tells the product laws P^m and Q^m apart. A bound that it gives is one of D_f(P^m‖Q^m), not of
    D_f(P‖Q).

    Attributes:
        together: m, how many examples that follow one another make an input; the batch is a multiple of it.
    """

    together: int

    def shape(self, example: Sequence[int]) -> tuple[int, ...]:
        """That of an example, m times as long in its first dimension."""
        return (self.together * example[0], *example[1:])

    def show(self, x: Tensor) -> Tensor:
        """Groups of m examples (batch, *example) as inputs (batch/m, *shape)."""
        return x.reshape(-1, *self.shape(x.shape[1:]))


def choose_input(pack: int) -> CriticInput:
    """The critic's input of `pack` examples."""
    return Single() if pack == 1 else Packed(pack)
