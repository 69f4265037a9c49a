"""Update rules: in which order critic and generator move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bench.models.base import Move
from bench.models.settings import AdversarialSettings

CRITIC = "critic"
GENERATOR = "generator"


class UpdateRule(Protocol):
    """One training step of the game between critic and generator."""

    def moves(self) -> tuple[Move, ...]:
        """Moves in order; each names a method of `Adversarial` that gives the losses of its players."""


@dataclass(frozen=True)
class Alternating:
    """The critic moves some times, each on a fresh batch, then the generator, as a rule once.

    Attributes:
        critic_steps: how often the critic moves.
        generator_steps: how often the generator moves.
    """

    critic_steps: int
    generator_steps: int

    @classmethod
    def of(cls, settings: AdversarialSettings) -> Alternating:
        """As the settings have it."""
        return cls(settings.critic_steps, settings.generator_steps)

    def moves(self) -> tuple[Move, ...]:
        """See `UpdateRule.moves`."""
        of_critic, of_generator = Move("critic_losses", (CRITIC,)), Move("generator_losses", (GENERATOR,))
        return (*[of_critic] * self.critic_steps, *[of_generator] * self.generator_steps)


@dataclass(frozen=True)
class SingleStep:
    """Both move at once on one batch (Nowozin et al. 2016, algorithm 1)."""

    @classmethod
    def of(cls, settings: AdversarialSettings) -> SingleStep:
        """It has no settings."""
        return cls()

    def moves(self) -> tuple[Move, ...]:
        """See `UpdateRule.moves`."""
        return (Move("joint_losses", (CRITIC, GENERATOR)),)


UPDATE_RULES: Mapping[str, Callable[[AdversarialSettings], UpdateRule]] = {
    "alternating": Alternating.of,
    "single_step": SingleStep.of,
}
"""What makes an update rule from the settings, by the value of `update:`."""
