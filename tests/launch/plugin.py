"""A plugin file for the tests: a dataset, and methods that fail in every way a run can fail."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from bench import register_dataset, register_method, register_metric
from bench.datasets import Dataset
from bench.datasets.base import fingerprint
from bench.metrics import Subject
from bench.models import GenerativeModel
from bench.models.base import Losses, Noise
from bench.spec import MethodSettings
from bench.streams import random_stream


@register_dataset("blob")
def blob(size: int = 200) -> Dataset:
    """Standard normal points."""
    points = torch.randn(3 * size, 2, generator=torch.Generator().manual_seed(0))
    train, validation, test = points.split(size)
    return Dataset("blob", train, validation, test, fingerprint(points))


@register_metric("distance", version=3)
def distance(subject: Subject) -> dict[str, float]:
    """Mean distance of 50 samples from the origin."""
    return {"distance": subject.sample(50, subject.stream("distance")).norm(dim=1).mean().item()}


@register_metric("endless", version=1)
def endless(subject: Subject) -> dict[str, float]:
    """Hangs."""
    wait()
    return {}


@register_metric("deadly", version=1)
def deadly(subject: Subject) -> dict[str, float]:
    """Kills the process of seed 1."""
    if subject.stream("deadly").initial_seed() == random_stream(1, "evaluation/deadly").initial_seed():
        os._exit(137)
    return {}


def wait() -> None:
    """Wait for longer than any test."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        time.sleep(0.01)


def cling() -> None:
    """Likewise, and catch whatever is to stop it."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        try:
            time.sleep(0.01)
        except BaseException:
            continue


class OddSettings(MethodSettings):
    """How the method is to fail."""

    family: Literal["failing"]
    way: Literal[
        "well",
        "raise",
        "memory",
        "host memory",
        "die",
        "exit",
        "samples",
        "nan",
        "hang",
        "cling",
        "large",
        "raise second",
    ] = "well"


@register_method("failing", settings=OddSettings)
class Odd(GenerativeModel):
    """A shifted normal that learns its shift, or fails."""

    def __init__(self, settings: OddSettings, shape: Sequence[int]) -> None:
        super().__init__()
        self.way = settings.way
        self.latent_dim = shape[0]
        self.noise = {}
        self.shift = torch.nn.Parameter(torch.ones(shape[0]))

    def losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """Squared distance from the batch's mean."""
        if self.way == "raise":
            raise RuntimeError("on purpose")
        if self.way == "raise second" and torch.distributed.is_initialized() and torch.distributed.get_rank():
            raise RuntimeError("on purpose, on the second rank")
        if self.way == "memory":
            raise MemoryError("on purpose")
        if self.way == "host memory":
            torch.empty(1 << 46, dtype=torch.float64)
        if self.way == "exit":
            sys.exit(0)
        if self.way == "die":
            os._exit(137)
        if self.way == "hang":
            wait()
        if self.way == "cling":
            cling()
        if self.way == "large" and torch._C._functorch.maybe_current_level() is not None:
            raise MemoryError("only one seed fits")
        loss = (self.shift - x.mean(0)).square().sum()
        loss = loss / 0 * 0 if self.way == "nan" else loss
        return {"model": loss}, {"loss": loss}

    def sample(self, z: Tensor) -> Tensor:
        """Normal points around the shift."""
        return z + self.shift * (torch.inf if self.way == "samples" else 1)
