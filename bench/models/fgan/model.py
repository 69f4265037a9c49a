"""The f-GAN, composed of its parts."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from bench.divergences import Divergence, divergence
from bench.models.base import register_method
from bench.models.curves import curve_column
from bench.models.fgan.adversarial import Adversarial
from bench.models.fgan.bound import BOUNDS
from bench.models.fgan.generator_objective import GENERATOR_OBJECTIVES
from bench.models.settings import FGANSettings

BOUND_COLUMN = curve_column(
    "bound", "Variational bound", label="Training bound", unit="nats", printed=True, order=4,
    description="The variational bound that training ended at. Not an estimate of the divergence, and not "
    "comparable between objectives. Where the critic sees several examples at once (pack: m), it is a bound on the "
    "divergence of the product laws P^m and Q^m, which is another and larger one; where it sees noisy ones "
    "(instance_noise), on that of the noisy laws. Of a KL-WGAN it is the Donsker–Varadhan bound on KL(P‖Q) with the "
    "means of batches, which is too large on average.",
)  # fmt: skip
GENERATOR_COLUMN = curve_column("generator_loss", "Generator loss", order=5)


@register_method("fgan", settings=FGANSettings, columns=(BOUND_COLUMN, GENERATOR_COLUMN))
class FGAN(Adversarial):
    """A generator that minimises the variational bound of an f-divergence, and the critic that maximises it.

    min_θ max_ψ E_P[f'(r_ψ)] + E_Q[f(r_ψ) − r_ψ f'(r_ψ)] (Ryu 2025, sec. 3.2), P the data and Q the generator's law.
    With `pack: m` both are the laws of m independent examples: the bound is one of D_f(P^m‖Q^m), not of D_f(P‖Q).

    Args:
        settings: the method's block.
        shape: shape of one example.

    Raises:
        ArgumentError: if the divergence gives the ratio parameterisation no gradient, or convolutions do not fit the
            examples.
    """

    divergence: Divergence

    def __init__(self, settings: FGANSettings, shape: Sequence[int]) -> None:
        trained_on = divergence(settings.divergence)
        bound = BOUNDS[settings.parameterisation](trained_on)
        super().__init__(settings, shape, bound, GENERATOR_OBJECTIVES[settings.generator_objective]())
        self.divergence = trained_on

    def values(self, critic_p: Tensor, critic_q: Tensor, reached: Tensor) -> dict[str, Tensor]:
        """The bound."""
        return {"bound": reached}
