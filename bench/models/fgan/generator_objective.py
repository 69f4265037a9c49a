"""What the generator minimises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from bench.models.fgan.bound import Bound


class GeneratorObjective(Protocol):
    """The generator's loss, from the critic's judgement of generated points alone."""

    def loss(self, bound: Bound, critic_q: Tensor) -> Tensor:
        """A scalar.

        Args:
            bound: what the critic maximises.
            critic_q: the critic's outputs at generated points, (batch, 1).
        """


@dataclass(frozen=True)
class Saturating:
    """The bound's own term of generated points: the generator minimises what the critic maximises."""

    def loss(self, bound: Bound, critic_q: Tensor) -> Tensor:
        """See `GeneratorObjective.loss`."""
        return bound.terms(critic_q, critic_q)[1].mean()


@dataclass(frozen=True)
class NonSaturating:
    """−E_Q[T]: generated points are to be judged as data are (Nowozin et al. 2016, sec. 3.2)."""

    def loss(self, bound: Bound, critic_q: Tensor) -> Tensor:
        """See `GeneratorObjective.loss`."""
        return -bound.terms(critic_q, critic_q)[0].mean()


GENERATOR_OBJECTIVES: Mapping[str, Callable[[], GeneratorObjective]] = {
    "saturating": Saturating,
    "nonsaturating": NonSaturating,
}
"""Generator objectives by the value of `generator_objective:`."""
