"""A generator against a critic, whatever the critic maximises and the generator minimises."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from bench.models.base import GenerativeModel, Losses, Noise, NoiseSpec, Player
from bench.models.batch_norm import has_batch_norm
from bench.models.fgan.bound import Bound
from bench.models.fgan.critic_input import choose_input
from bench.models.fgan.generator_objective import GeneratorObjective
from bench.models.fgan.instance_noise import InstanceNoise
from bench.models.fgan.networks import make_critic, make_generator
from bench.models.fgan.penalty import choose_penalty
from bench.models.fgan.update import CRITIC, GENERATOR, UPDATE_RULES
from bench.models.linear import linear_law
from bench.models.settings import AdversarialSettings
from bench.models.spectral_norm import iterate_spectra, normalise_spectra


class Adversarial(GenerativeModel):
    """A game of two players, composed of parts; what a subclass adds is which of them, and what it records.

    Args:
        settings: the method's block.
        shape: shape of one example.
        bound: what the critic maximises.
        objective: what the generator minimises.

    Raises:
        ArgumentError: if convolutions do not fit the examples.
    """

    def __init__(
        self, settings: AdversarialSettings, shape: Sequence[int], bound: Bound, objective: GeneratorObjective
    ) -> None:
        super().__init__()
        self.settings = settings
        self._bound = bound
        self._generator_objective = objective
        self._critic_input = choose_input(settings.pack)
        self.batch_multiple = settings.pack
        net = settings.network
        self.latent_dim = net.latent
        self._instance_noise = InstanceNoise(settings.instance_noise)
        self._penalty = choose_penalty(settings.r1)
        self.noise = {"latent": self.prior, **self._instance_noise.specs(shape)}
        self.generator = make_generator(net, shape)
        self.critic = make_critic(net, self._critic_input.shape(shape))
        if settings.spectral_norm:
            normalise_spectra(self.critic)
        self.squash = torch.sigmoid if len(shape) == 3 else nn.Identity()
        self.players = (Player(GENERATOR, "generator."), Player(CRITIC, "critic.", settings.critic_lr))
        self.moves = UPDATE_RULES[settings.update](settings).moves()
        self.averages = {} if settings.ema is None else {"generator.": settings.ema}

    def values(self, critic_p: Tensor, critic_q: Tensor, reached: Tensor) -> dict[str, Tensor]:
        """What is recorded of a move of the critic.

        Args:
            critic_p: its outputs at data, (inputs, 1).
            critic_q: its outputs at generated points, likewise.
            reached: the value of what it maximises.
        """
        raise NotImplementedError

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

    def collect(self, x: Tensor, z: Tensor) -> None:
        """See `GenerativeModel`; statistics of the critic are of data and generated examples alike."""
        generated = self.sample(z)
        if has_batch_norm(self.critic):
            self.judge(torch.cat([x, generated]))

    def judge(self, x: Tensor) -> Tensor:
        """The critic's outputs for examples (batch, *shape), shape (inputs, 1)."""
        judgement: Tensor = self.critic(self._critic_input.show(x))
        return judgement

    def critic_losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """What the critic minimises on a batch of data and one of generated points; the generator is held fixed."""
        self._iterate_spectra()
        with torch.no_grad():
            generated = self.sample(noise["latent"])
        return self._critic_losses(x, self._judge_generated(generated, noise), noise)

    def generator_losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The generator's loss alone; the data's term of the bound does not depend on the generator."""
        return self._generator_losses(self._judge_generated(self.sample(noise["latent"]), noise))

    def joint_losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """Both losses from one forward pass (Nowozin et al. 2016, algorithm 1)."""
        self._iterate_spectra()
        critic_q = self._judge_generated(self.sample(noise["latent"]), noise)
        of_critic, values = self._critic_losses(x, critic_q, noise)
        of_generator, more = self._generator_losses(critic_q)
        return of_critic | of_generator, values | more

    def _iterate_spectra(self) -> None:
        if self.settings.spectral_norm:  # else there is nothing to look for among the layers, in every step
            iterate_spectra(self.critic)

    def _judge_generated(self, generated: Tensor, noise: Noise) -> Tensor:
        return self.judge(self._instance_noise.add(generated, noise, "generated"))

    def _critic_losses(self, x: Tensor, critic_q: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        shown = self._critic_input.show(self._instance_noise.add(x, noise, "data"))
        critic_p, penalty = self._penalty.judge(self.critic, shown)
        at_p, at_q = self._bound.terms(critic_p, critic_q)
        reached = at_p.mean() + at_q.mean()
        return {CRITIC: penalty - reached}, self.values(critic_p, critic_q, reached)

    def _generator_losses(self, critic_q: Tensor) -> tuple[Losses, dict[str, Tensor]]:
        loss = self._generator_objective.loss(self._bound, critic_q)
        return {GENERATOR: loss}, {"generator_loss": loss}
