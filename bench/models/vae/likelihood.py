"""Likelihoods p(x|z), given what the decoder puts out for z."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.models.settings import VAESettings


class Likelihood(Protocol):
    """p(x|z) as a function of x and the decoder's output.

    Attributes:
        binary: whether it is one of binary pixels; such a likelihood needs images.
    """

    binary: ClassVar[bool]

    def log_prob(self, x: Tensor, output: Tensor, axes: tuple[int, ...]) -> Tensor:
        """Log p(x|z) in nats with every normalising constant.

        Args:
            x: examples, (batch, *shape).
            output: the decoder's output, (batch, *shape) or (draws, batch, *shape).
            axes: the axes of `output` that are an example's.

        Returns:
            Shape of `output` without `axes`.
        """

    def mean(self, output: Tensor) -> Tensor:
        """E[x|z], shape of `output`."""


@dataclass(frozen=True)
class Gaussian:
    """N(x; g(z), ε²I) (Ryu 2025, sec. 2.2).

    Attributes:
        epsilon: standard deviation ε.
        pixels: whether x are pixels: g(z) is then in [0, 1], the logistic function of the decoder's output.
    """

    binary: ClassVar[bool] = False

    epsilon: float
    pixels: bool

    @classmethod
    def of(cls, settings: VAESettings, shape: Sequence[int]) -> Gaussian:
        """As settings and the shape of an example have it."""
        return cls(settings.epsilon, len(shape) == 3)

    def log_prob(self, x: Tensor, output: Tensor, axes: tuple[int, ...]) -> Tensor:
        """See `Likelihood.log_prob`."""
        mean = self.mean(output)
        squares = F.mse_loss(mean, x.expand_as(mean), reduction="none").sum(axes)
        variance = self.epsilon**2
        return -0.5 * (squares / variance + x[0].numel() * math.log(2 * math.pi * variance))

    def mean(self, output: Tensor) -> Tensor:
        """g(z)."""
        return torch.sigmoid(output) if self.pixels else output


@dataclass(frozen=True)
class Bernoulli:
    """Independent pixels, each 1 with the logistic function of the decoder's output as probability."""

    binary: ClassVar[bool] = True

    @classmethod
    def of(cls, settings: VAESettings, shape: Sequence[int]) -> Bernoulli:
        """It has no settings."""
        return cls()

    def log_prob(self, x: Tensor, output: Tensor, axes: tuple[int, ...]) -> Tensor:
        """See `Likelihood.log_prob`; from logits, so that it is finite where probabilities round to 0 or 1."""
        return (x * output - F.softplus(output)).sum(axes)

    def mean(self, output: Tensor) -> Tensor:
        """The pixels' probabilities."""
        return torch.sigmoid(output)


LIKELIHOODS: Mapping[str, Callable[[VAESettings, Sequence[int]], Likelihood]] = {
    "gaussian": Gaussian.of,
    "bernoulli": Bernoulli.of,
}
"""What makes a likelihood from the settings and the shape of an example, by the value of `likelihood:`."""
