"""Bounds: how the critic judges a batch of data against a generated one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from bench.divergences import Divergence
from bench.errors import ArgumentError


class Bound(Protocol):
    """What the critic maximises: a mean over data plus a mean over generated points."""

    def terms(self, critic_p: Tensor, critic_q: Tensor) -> tuple[Tensor, Tensor]:
        """The two terms, whose means are added.

        Args:
            critic_p: the critic's outputs at data, (batch, 1).
            critic_q: its outputs at generated points, likewise; a term may weigh them against each other.

        Returns:
            Shapes of `critic_p` and `critic_q`.
        """


@dataclass(frozen=True)
class RatioBound:
    """The critic's output is log r: E_P[f'(r)] + E_Q[f(r) − r f'(r)] (Ryu 2025, sec. 3.2).

    Raises:
        ArgumentError: if the divergence gives it no gradient.
    """

    divergence: Divergence

    def __post_init__(self) -> None:
        if not self.divergence.differentiable:
            raise ArgumentError(
                f"method with divergence '{self.divergence.name}': its bound has no gradient in log r; "
                "set parameterisation: fenchel"
            )

    def terms(self, critic_p: Tensor, critic_q: Tensor) -> tuple[Tensor, Tensor]:
        """See `Bound.terms`."""
        return self.divergence.terms(critic_p, critic_q)


@dataclass(frozen=True)
class FenchelBound:
    """The critic's output is V with T = g_f(V): E_P[T] − E_Q[f*(T)] (Nowozin et al. 2016, eq. 6)."""

    divergence: Divergence

    def terms(self, critic_p: Tensor, critic_q: Tensor) -> tuple[Tensor, Tensor]:
        """See `Bound.terms`."""
        return self.divergence.fenchel_terms(critic_p, critic_q)


BOUNDS: Mapping[str, Callable[[Divergence], Bound]] = {"ratio": RatioBound, "fenchel": FenchelBound}
"""What makes the bound of a divergence, by the value of `parameterisation:`."""
