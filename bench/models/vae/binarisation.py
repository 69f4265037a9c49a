"""Binarisations: how grey images become binary, in training and where a model is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from bench.models.base import Noise, NoiseSpec
from bench.streams import random_stream

_NOISE = "binarisation"


class Binarisation(Protocol):
    """Which pixels a model sees; all but `none` need images with values in [0, 1].

    Attributes:
        name: what suites and figures call it.
    """

    name: ClassVar[str]

    def noise(self, shape: Sequence[int]) -> dict[str, NoiseSpec]:
        """Random numbers that a training step needs for an example of a shape, by name."""

    def training_data(self, train: Tensor) -> Tensor:
        """The training examples as they are before training starts."""

    def training_batch(self, x: Tensor, noise: Noise) -> Tensor:
        """A batch of them as a training step sees it."""

    def observed(self, x: Tensor, split: str) -> Tensor:
        """All examples of a split as the likelihood is measured on them, the same at each call."""


@dataclass(frozen=True)
class Unchanged:
    """Examples as they are."""

    name: ClassVar[str] = "none"

    def noise(self, shape: Sequence[int]) -> dict[str, NoiseSpec]:
        """None."""
        return {}

    def training_data(self, train: Tensor) -> Tensor:
        """As they are."""
        return train

    def training_batch(self, x: Tensor, noise: Noise) -> Tensor:
        """As it is."""
        return x

    def observed(self, x: Tensor, split: str) -> Tensor:
        """As they are."""
        return x


@dataclass(frozen=True)
class Static:
    """Each pixel is drawn once, with its grey value as the probability of 1."""

    name: ClassVar[str] = "static"

    def noise(self, shape: Sequence[int]) -> dict[str, NoiseSpec]:
        """None: the draw is done before training."""
        return {}

    def training_data(self, train: Tensor) -> Tensor:
        """The split `train` as it is observed."""
        return self.observed(train, "train")

    def training_batch(self, x: Tensor, noise: Noise) -> Tensor:
        """As it is, drawn already."""
        return x

    def observed(self, x: Tensor, split: str) -> Tensor:
        """See `draw_split`."""
        return draw_split(x, split)


@dataclass(frozen=True)
class Dynamic:
    """Each training step draws the pixels of its batch anew; where a model is measured they are those of `Static`."""

    name: ClassVar[str] = "dynamic"

    def noise(self, shape: Sequence[int]) -> dict[str, NoiseSpec]:
        """A uniform number for each pixel."""
        return {_NOISE: NoiseSpec(tuple(shape), "uniform")}

    def training_data(self, train: Tensor) -> Tensor:
        """Grey, as they are."""
        return train

    def training_batch(self, x: Tensor, noise: Noise) -> Tensor:
        """1 where the uniform number is below the grey value."""
        return (noise[_NOISE] < x).to(x.dtype)

    def observed(self, x: Tensor, split: str) -> Tensor:
        """See `draw_split`."""
        return draw_split(x, split)


def draw_split(x: Tensor, split: str) -> Tensor:
    """Each pixel of a split is 1 with its grey value as probability.

    The draw is a function of the split's name and of an example's place in it: the same for every seed, method and
    binarisation and on every device, so that figures of different models are of the same binary images.

    Args:
        x: all examples of a split, (n, *shape), values in [0, 1]; those that are binary already stay as they are.
        split: name of the split; different splits have unrelated draws.
    """
    fixed = random_stream(0, f"binarisation/{split}")
    return (torch.rand(x.shape, generator=fixed).to(x.device) < x).to(x.dtype)


BINARISATIONS: Mapping[str, Callable[[], Binarisation]] = {kind.name: kind for kind in (Unchanged, Static, Dynamic)}
"""Binarisations by the value of `binarisation:`."""
