"""Hinge losses: the plain ones, and those of KL-WGAN, whose critic re-weights generated points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from bench.divergences import divergence
from bench.models.base import register_method
from bench.models.curves import curve_column
from bench.models.fgan.adversarial import Adversarial
from bench.models.fgan.bound import Bound
from bench.models.fgan.model import BOUND_COLUMN, GENERATOR_COLUMN
from bench.models.settings import HingeGANSettings, KLWGANSettings

_OBJECTIVE_COLUMN = curve_column(
    "critic_objective", "Critic objective", order=6,
    description="Last value of what the critic maximises: minus its hinge losses, at most 0. It bounds no divergence.",
)  # fmt: skip


class Reweighting(Protocol):
    """How generated points count beside each other."""

    def apply(self, critic_q: Tensor) -> Tensor:
        """The critic's outputs at generated points, (inputs, 1), each times its weight; weights have mean 1."""


@dataclass(frozen=True)
class Equal:
    """All the same."""

    def apply(self, critic_q: Tensor) -> Tensor:
        """The outputs as they are."""
        return critic_q


@dataclass(frozen=True)
class Softmax:
    """By r = e^D / E_Q[e^D], the density ratio dP/dQ that D stands for (Song & Ermon 2020, sec. 3 and algorithm 1).

    The expectation is the batch's, and gradients go through the weights too, as in the published code (`kl_dis` and
    `kl_gen` in synthetic/kl_wgan.py of github.com/ermongroup/f-wgan).
    """

    def apply(self, critic_q: Tensor) -> Tensor:
        """The outputs times softmax(D), times the number of them."""
        return critic_q * critic_q.softmax(0) * critic_q.shape[0]


@dataclass(frozen=True)
class HingeBound:
    """E_P[min(0, D − 1)] + E_Q[min(0, −1 − w D)] (Lim & Ye 2017), w the weights.

    Attributes:
        reweighting: gives the weights.
    """

    reweighting: Reweighting

    def terms(self, critic_p: Tensor, critic_q: Tensor) -> tuple[Tensor, Tensor]:
        """See `Bound.terms`."""
        return -(1 - critic_p).relu(), -(1 + self.reweighting.apply(critic_q)).relu()


@dataclass(frozen=True)
class CriticOutput:
    """−E_Q[w D]: no hinge in the generator's loss.

    Attributes:
        reweighting: gives the weights w.
    """

    reweighting: Reweighting

    def loss(self, bound: Bound, critic_q: Tensor) -> Tensor:
        """See `GeneratorObjective.loss`."""
        return -self.reweighting.apply(critic_q).mean()


def bound_kl(critic_p: Tensor, critic_q: Tensor) -> Tensor:
    """E_P[D] − log E_Q[e^D] ≤ KL(P‖Q) (Donsker & Varadhan 1983), the expectations those of batches; a scalar.

    It equals E_P[D] − E_Q[r D] + E_Q[r log r] with the weights r of `Softmax`. The logarithm of a batch's mean is too
    small on average, hence the value too large, by Var_Q(r)/2n in the first order.

    Args:
        critic_p: the critic's outputs at data, (n, 1).
        critic_q: its outputs at generated points, likewise.
    """
    return critic_p.mean() - (critic_q.logsumexp(0) - math.log(critic_q.shape[0])).squeeze()


@register_method("hinge_gan", settings=HingeGANSettings, columns=(GENERATOR_COLUMN, _OBJECTIVE_COLUMN))
class HingeGAN(Adversarial):
    """A GAN with the hinge loss (Lim & Ye 2017): its critic bounds no divergence.

    Args:
        settings: the method's block.
        shape: shape of one example.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """

    def __init__(self, settings: HingeGANSettings, shape: Sequence[int]) -> None:
        super().__init__(settings, shape, *_hinge(Equal()))

    def values(self, critic_p: Tensor, critic_q: Tensor, reached: Tensor) -> dict[str, Tensor]:
        """What the critic maximises."""
        return {"critic_objective": reached}


@register_method("kl_wgan", settings=KLWGANSettings, columns=(BOUND_COLUMN, GENERATOR_COLUMN, _OBJECTIVE_COLUMN))
class KLWGAN(Adversarial):
    """KL-WGAN (Song & Ermon 2020): hinge losses on generated points that the critic re-weights by e^D / E_Q[e^D].

    For D = log p/q the weighted generated points have the law of the data. What its critic says of KL(P‖Q) is recorded
    as the bound (`bound_kl`), which is not what is maximised.

    Args:
        settings: the method's block.
        shape: shape of one example.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """

    couples_batch = True

    def __init__(self, settings: KLWGANSettings, shape: Sequence[int]) -> None:
        super().__init__(settings, shape, *_hinge(Softmax()))
        self.divergence = divergence(settings.divergence)

    def values(self, critic_p: Tensor, critic_q: Tensor, reached: Tensor) -> dict[str, Tensor]:
        """The bound on KL(P‖Q), and what the critic maximises."""
        return {"bound": bound_kl(critic_p, critic_q), "critic_objective": reached}


def _hinge(reweighting: Reweighting) -> tuple[Bound, CriticOutput]:
    return HingeBound(reweighting), CriticOutput(reweighting)
