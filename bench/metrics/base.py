"""What a protocol is: a versioned way to turn a trained model and its data into figures."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, runtime_checkable
from typing import Protocol as StructuralType

import torch
from torch import Tensor
from torch.distributions import Distribution

from bench.datasets.base import Dataset
from bench.registry import Registry

T = TypeVar("T")


@runtime_checkable
class HasLikelihood(StructuralType):
    """A model with an evidence lower bound (VAE).

    What else it may have, and what for, is told in `bench.metrics.likelihood.interface`.

    Attributes:
        latent_dim: dimension of the latent variable: `noise` has the shape (n, latent_dim).
    """

    latent_dim: int

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction log-likelihood and KL(q(z|x) ‖ p(z)) of each example, in nats, shape (n,) each."""


@dataclass(frozen=True)
class Subject:
    """What is measured: one trained model beside the data it was trained for.

    Attributes:
        model: the trained model, in evaluation mode.
        data: the dataset, on the device where measuring is to happen.
        sample: `sample(n, generator)` draws n examples from the model, shape (n, *shape).
        stream: `stream(name)` gives a fresh `torch.Generator` on the data's device: a function of the run's seed
            and the name alone, so that no metric's figures depend on which others are measured.
        samples: how many examples to generate where the protocol leaves it open.
        spread: standard deviation of the noise added to both sides before divergences are estimated.
        training: figures that training left behind, such as `training_bound`.
        law: the law of what `sample` draws, where it is known in closed form: on the CPU, in float64, with event shape
            `data.shape`.
        divergences: f-divergences to measure beside those registered, the one that the model was trained on among them.
        extractor: registered name of the feature extractor to use; None for the dataset's own.
        importance_samples: draws of z an example that the importance-weighted bound takes.
    """

    model: torch.nn.Module
    data: Dataset
    sample: Callable[[int, torch.Generator], Tensor]
    stream: Callable[[str], torch.Generator]
    samples: int
    spread: float
    training: Mapping[str, float]
    law: Distribution | None = None
    divergences: tuple[str, ...] = ()
    extractor: str | None = None
    importance_samples: int = 100
    _shared: dict[Hashable, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` gives, computed for the first metric that asks for `key` and handed to all others."""
        if key not in self._shared:
            self._shared[key] = compute()
        value: T = self._shared[key]
        return value


@dataclass(frozen=True)
class Protocol:
    """One suite-level metric: what `metrics: [...]` in a suite file names.

    Attributes:
        name: the name in the suite file.
        version: raised whenever the figures it gives change; two versions never share a table.
        measure: the figures of one subject by column name (`<column>_se` for a standard error). A figure that does
            not apply is left out: never NaN or zero.
        labels: texts to store beside the figures, such as the feature extractor's name and hash.
    """

    name: str
    version: int
    measure: Callable[[Subject], dict[str, float]]
    labels: Callable[[Subject], dict[str, str]] = lambda _: {}

    @property
    def label(self) -> str:
        """Name and version, as stored with the figures: fid/2."""
        return f"{self.name}/{self.version}"


METRICS: Registry[Protocol] = Registry("metric")


def register_metric(
    name: str, *, version: int, labels: Callable[[Subject], dict[str, str]] | None = None
) -> Callable[[Callable[[Subject], dict[str, float]]], Callable[[Subject], dict[str, float]]]:
    """Decorator: make a function from a `Subject` to figures available to suites under `name`."""

    def decorate(measure: Callable[[Subject], dict[str, float]]) -> Callable[[Subject], dict[str, float]]:
        METRICS.add(name, Protocol(name, version, measure, labels or (lambda _: {})), measure.__module__)
        return measure

    return decorate
