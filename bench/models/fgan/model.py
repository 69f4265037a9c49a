"""The f-GAN, composed of its parts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from bench.divergences import Divergence, divergence
from bench.models.base import GenerativeModel, Losses, Noise, NoiseSpec, Player, register_method
from bench.models.curves import curve_column
from bench.models.fgan.bound import BOUNDS
from bench.models.fgan.critic_input import CRITIC_INPUTS
from bench.models.fgan.generator_objective import GENERATOR_OBJECTIVES
from bench.models.fgan.update import CRITIC, GENERATOR, UPDATE_RULES
from bench.models.initialisation import INITIALISATIONS
from bench.models.linear import linear_law
from bench.models.networks import Layers, decoder, encoder
from bench.models.settings import FGANSettings

_CURVES = (
    curve_column(
        "bound", "Variational bound", label="Training bound", unit="nats", printed=True, order=4,
        description="The variational bound that training ended at. Not an estimate of the divergence, and not "
        "comparable between objectives.",
    ),
    curve_column("generator_loss", "Generator loss", order=5),
)  # fmt: skip


@register_method("fgan", settings=FGANSettings, columns=_CURVES)
class FGAN(GenerativeModel):
    """A generator that minimises the variational bound of an f-divergence, and the critic that maximises it.

    min_θ max_ψ E_P[f'(r_ψ)] + E_Q[f(r_ψ) − r_ψ f'(r_ψ)] (Ryu 2025, sec. 3.2), P the data and Q the generator's law.

    Args:
        settings: the method's block.
        shape: shape of one example.

    Raises:
        ArgumentError: if the divergence gives the ratio parameterisation no gradient, or convolutions do not fit the
            examples.
    """

    divergence: Divergence

    def __init__(self, settings: FGANSettings, shape: Sequence[int]) -> None:
        super().__init__()
        self.settings = settings
        self.divergence = divergence(settings.divergence)
        self._bound = BOUNDS[settings.parameterisation](self.divergence)
        self._critic_input = CRITIC_INPUTS["single"]()
        self._generator_objective = GENERATOR_OBJECTIVES[settings.generator_objective]()
        net = settings.network
        self.latent_dim = net.latent
        self.noise = {"latent": self.prior}
        self.generator = decoder(Layers(net.generator, net.activation, net.kind, net.batch_norm), net.latent, shape)
        INITIALISATIONS[net.initialisation](self.generator)
        seen = self._critic_input.shape(shape)
        self.critic = encoder(Layers(net.critic, net.critic_activation, net.kind), seen, 1)
        self.squash = torch.sigmoid if len(shape) == 3 else torch.nn.Identity()
        self.players = (Player(GENERATOR, "generator."), Player(CRITIC, "critic.", settings.critic_lr))
        self.moves = UPDATE_RULES[settings.update](settings).moves()

    @property
    def prior(self) -> NoiseSpec:
        """Standard normal, or uniform on [−1, 1) once `sample` has stretched it."""
        return NoiseSpec((self.latent_dim,), self.settings.network.prior)

    def sample(self, z: Tensor) -> Tensor:
        """g(z)."""
        if self.settings.network.prior == "uniform":
            z = 2 * z - 1
        generated: Tensor = self.squash(self.generator(z))
        return generated

    def law(self) -> MultivariateNormal | None:
        """N(b, W Wᵀ) of the linear generator W z + b with a normal prior (`generator: []`)."""
        return linear_law(self.generator) if self.settings.network.prior == "normal" else None

    def judge(self, x: Tensor) -> Tensor:
        """The critic's outputs for examples (batch, *shape), shape (inputs, 1)."""
        judgement: Tensor = self.critic(self._critic_input.show(x))
        return judgement

    def critic_losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The negative bound on a batch of data and one of generated points; the generator is held fixed."""
        with torch.no_grad():
            generated = self.sample(noise["latent"])
        bound = self._evaluate_bound(self.judge(x), self.judge(generated))
        return {CRITIC: -bound}, {"bound": bound}

    def generator_losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The generator's loss alone; the data's term of the bound does not depend on the generator."""
        loss = self._generator_objective.loss(self._bound, self.judge(self.sample(noise["latent"])))
        return {GENERATOR: loss}, {"generator_loss": loss}

    def joint_losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """Both losses from one forward pass (Nowozin et al. 2016, algorithm 1)."""
        critic_q = self.judge(self.sample(noise["latent"]))
        bound = self._evaluate_bound(self.judge(x), critic_q)
        loss = self._generator_objective.loss(self._bound, critic_q)
        return {CRITIC: -bound, GENERATOR: loss}, {"bound": bound, "generator_loss": loss}

    def _evaluate_bound(self, critic_p: Tensor, critic_q: Tensor) -> Tensor:
        at_p, at_q = self._bound.terms(critic_p, critic_q)
        return at_p.mean() + at_q.mean()
