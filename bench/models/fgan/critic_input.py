"""What the critic is shown of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


CRITIC_INPUTS: Mapping[str, Callable[[], CriticInput]] = {"single": Single}
"""Critic inputs by name; no setting chooses among them yet."""
