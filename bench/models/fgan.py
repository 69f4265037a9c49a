"""f-GANs (Ryu 2025, sec. 3.2; Nowozin et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from bench.divergences import Divergence, divergence
from bench.errors import BenchError
from bench.models.base import GenerativeModel, Losses, Move, Noise, NoiseSpec, Player, register_method
from bench.models.linear import linear_law
from bench.models.networks import Layers, decoder, encoder
from bench.models.settings import FGANSettings


@register_method("fgan", settings=FGANSettings)
class FGAN(GenerativeModel):
    """A generator that minimises the variational bound of an f-divergence, and the critic that maximises it.

    min_θ max_ψ E_P[f'(r_ψ)] + E_Q[f(r_ψ) − r_ψ f'(r_ψ)] (Ryu 2025, sec. 3.2), P the data and Q the generator's law.

    Args:
        settings: the method's block.
        shape: shape of one example.

    Raises:
        BenchError: if the divergence gives the ratio parameterisation no gradient.
    """

    divergence: Divergence

    def __init__(self, settings: FGANSettings, shape: Sequence[int]) -> None:
        super().__init__()
        self.settings = settings
        self.divergence = divergence(settings.divergence)
        if settings.parameterisation == "ratio" and not self.divergence.differentiable:
            raise BenchError(
                f"method with divergence '{settings.divergence}': its bound has no gradient in log r; "
                "set parameterisation: fenchel"
            )
        net = settings.network
        self.latent_dim = net.latent
        self.noise = {"latent": self.prior}
        self.generator = decoder(Layers(net.generator, net.activation, net.kind, net.batch_norm), net.latent, shape)
        self.critic = encoder(Layers(net.critic, net.critic_activation, net.kind), shape, 1)
        self.squash = torch.sigmoid if len(shape) == 3 else torch.nn.Identity()
        self.players = (Player("generator", "generator."), Player("critic", "critic.", settings.critic_lr))
        self.moves = self._game()

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

    def terms(self, critic_p: Tensor, critic_q: Tensor) -> tuple[Tensor, Tensor]:
        """The two terms of the bound from the critic's outputs at data and at generated points, elementwise."""
        if self.settings.parameterisation == "ratio":
            return self.divergence.terms(critic_p, critic_q)
        return self.divergence.fenchel_terms(critic_p, critic_q)

    def critic_losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The negative bound on a batch of data and one of generated points; the generator is held fixed."""
        with torch.no_grad():
            generated = self.sample(noise["latent"])
        at_p, at_q = self.terms(self.critic(x), self.critic(generated))
        bound = at_p.mean() + at_q.mean()
        return {"critic": -bound}, {"bound": bound}

    def generator_losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The generator's loss alone; the data's term of the bound does not depend on the generator."""
        loss = self._generator_loss(self.critic(self.sample(noise["latent"])))
        return {"generator": loss}, {"generator_loss": loss}

    def joint_losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """Both losses from one forward pass: single-step updates (Nowozin et al. 2016, algorithm 1)."""
        critic_q = self.critic(self.sample(noise["latent"]))
        at_p, at_q = self.terms(self.critic(x), critic_q)
        bound = at_p.mean() + at_q.mean()
        loss = self._generator_loss(critic_q)
        return {"critic": -bound, "generator": loss}, {"bound": bound, "generator_loss": loss}

    def _generator_loss(self, critic_q: Tensor) -> Tensor:
        """Saturating: the bound's own term. Non-saturating: −E_Q[T] (Nowozin et al. 2016, sec. 3.2)."""
        at_p, at_q = self.terms(critic_q, critic_q)
        return at_q.mean() if self.settings.generator_objective == "saturating" else -at_p.mean()

    def _game(self) -> tuple[Move, ...]:
        if self.settings.update == "single_step":
            return (Move("joint_losses", ("critic", "generator")),)
        critic = Move("critic_losses", ("critic",))
        return (*[critic] * self.settings.critic_steps, Move("generator_losses", ("generator",)))
