"""What a family of methods is: settings, a model, and the game its players play."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from bench.column import Column
from bench.divergences import Divergence
from bench.errors import ArgumentError
from bench.registry import Registry
from bench.spec import MethodSettings

Losses = dict[str, Tensor]
Noise = Mapping[str, Tensor]


@dataclass(frozen=True)
class NoiseSpec:
    """Random numbers that one example needs in one move.

    Attributes:
        shape: shape for one example.
        distribution: standard normal, or uniform on [0, 1).
    """

    shape: tuple[int, ...]
    distribution: Literal["normal", "uniform"] = "normal"

    def draw(self, *size: int, generator: torch.Generator) -> Tensor:
        """Numbers of shape (*size, *shape) on the generator's device."""
        draw = torch.randn if self.distribution == "normal" else torch.rand
        return draw(*size, *self.shape, generator=generator, device=generator.device)


@dataclass(frozen=True)
class Player:
    """A group of parameters that minimises its own loss.

    Attributes:
        name: key of its loss in what a move's method returns.
        prefix: its parameters are those whose names start with this.
        lr: its learning rate, or None for the one of the training settings.
    """

    name: str
    prefix: str = ""
    lr: float | None = None


@dataclass(frozen=True)
class Move:
    """One forward pass on a fresh batch, then one update of each of its players.

    Attributes:
        method: name of the model's method `(x, noise) -> (losses by player, curve values)`.
        players: who is updated by it.
    """

    method: str
    players: tuple[str, ...]


class GenerativeModel(nn.Module):
    """A model that can be sampled from, for one seed: tensors are (batch, ...).

    Subclasses implement `sample` and the methods that `moves` names. They draw no random numbers themselves: all noise
    comes in as arguments, so that training can be replayed and several seeds trained side by side.

    Attributes:
        latent_dim: dimension L of z.
        noise: what each move's noise holds, by name.
        players: who is trained.
        moves: what one training step consists of, in order.
        divergence: the f-divergence that it is trained on, for models that are trained on one by name.
        batch_multiple: examples that its losses take together: a batch is a multiple of it.
        averages: decay of the moving average of parameters that takes their place after training, by the prefix of
            their names.
        couples_batch: whether its losses are no means over parts of a batch, so that one process must see all of it.
    """

    latent_dim: int
    noise: Mapping[str, NoiseSpec]
    players: tuple[Player, ...] = (Player("model"),)
    moves: tuple[Move, ...] = (Move("losses", ("model",)),)
    divergence: Divergence | None = None
    batch_multiple: int = 1
    couples_batch: bool = False
    averages: Mapping[str, float] = MappingProxyType({})

    def check_batches(self, batch_size: int, ranks: int = 1) -> None:
        """See whether its losses can be had from batches of this size, split over so many processes.

        Raises:
            ArgumentError: if they cannot.
        """
        if self.couples_batch and ranks > 1:
            raise ArgumentError(
                f"resources.ranks: found {ranks} processes that share each batch; expected one, since every example's "
                "weight depends on the whole batch; set resources.ranks: 1 and at most one GPU"
            )
        if batch_size % self.batch_multiple:
            raise ArgumentError(
                f"training.batch_size: found {batch_size}; expected a multiple of {self.batch_multiple}, the number of "
                "examples that the critic sees at once (pack)"
            )

    @property
    def prior(self) -> NoiseSpec:
        """The distribution of z."""
        return NoiseSpec((self.latent_dim,))

    def sample(self, z: Tensor) -> Tensor:
        """Map latents (n, latent_dim) drawn from `prior` to examples (n, *shape)."""
        raise NotImplementedError

    def law(self) -> Distribution | None:
        """The law of what `sample` gives, where it is known in closed form; by default it is not.

        Returns:
            A distribution on the CPU, in float64, with the event shape (d,) of a point; None where there is no closed
            form, no density, or where examples are images.
        """
        return None

    def losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The loss of the player "model" and the values to record, each a scalar averaged over the batch."""
        raise NotImplementedError

    def training_data(self, train: Tensor) -> Tensor:
        """The training examples as this model is fitted to them; by default as they are."""
        return train

    def collect(self, x: Tensor, z: Tensor) -> None:
        """Run the forward passes from which batch-normalisation statistics are fixed."""
        self.sample(z)

    def finalise(self, train: Tensor) -> None:
        """Fix after training what sampling needs and training does not give; by default nothing.

        What it fixes has to be in parameters or buffers: only these are kept with the run.
        """


@dataclass(frozen=True)
class Family:
    """A registered family of methods.

    Attributes:
        name: the value of `family:` in a suite file.
        settings: validates the method's block.
        build: makes an untrained model from the settings and the shape of an example. It works on the meta device too,
            where it costs nothing, and raises `ArgumentError` where settings and shape do not go together: so suites
            are refused before anything is trained.
        columns: the figures that training leaves, one for each curve that the model's losses record.
    """

    name: str
    settings: type[MethodSettings]
    build: Callable[..., GenerativeModel]
    columns: tuple[Column, ...] = ()


METHODS: Registry[Family] = Registry("family")


def register_method(
    name: str, *, settings: type[MethodSettings], columns: Sequence[Column] = ()
) -> Callable[[Callable[..., GenerativeModel]], Callable[..., GenerativeModel]]:
    """Decorator: make a model class (or function) `build(settings, shape)` available to suites as `family: name`.

    Args:
        name: what suites call it.
        settings: validates the method's block.
        columns: the figures that training leaves, as `curve_column` gives them; a curve without one is described as far
            as its name tells.
    """

    def decorate(build: Callable[..., GenerativeModel]) -> Callable[..., GenerativeModel]:
        METHODS.add(name, Family(name, settings, build, tuple(columns)), build.__module__)
        return build

    return decorate
