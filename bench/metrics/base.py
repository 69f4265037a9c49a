"""What a protocol is: a versioned way to turn a trained model and its data into figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, runtime_checkable
from typing import Protocol as StructuralType

import torch
from torch import Tensor
from torch.distributions import Distribution

from bench.column import Column
from bench.datasets.base import Dataset
from bench.registry import Registry
from bench.spec import EvaluationSettings

T = TypeVar("T")

IMAGE_SPREAD = 20
"""Noise on images of d values in [0, 1] is √d / 20 by default: 1.4 at 28 × 28.

Images lie on thin sets, where most divergences are infinite and estimates at the ceiling of n points whatever the
model. How far noise of level s hides independent errors in d values goes by s/√d. At this level f-GANs of 2,000 steps
reach 70 % of the ceiling of js on MNIST, and methods are in the order that FID, KID and the Parzen estimate give.
"""
CURVE_SPREADS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0)
"""Levels of noise on images of the curve, by default."""


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
        evaluation: the settings of the evaluation.
        training: figures that training left behind, such as `training_bound`.
        law: the law of what `sample` draws, where it is known in closed form: on the CPU, in float64, with event shape
            `data.shape`.
        trained_on: the divergence that the model was trained on, if it was trained on one by name.
    """

    model: torch.nn.Module
    data: Dataset
    sample: Callable[[int, torch.Generator], Tensor]
    stream: Callable[[str], torch.Generator]
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    training: Mapping[str, float] = field(default_factory=dict)
    law: Distribution | None = None
    trained_on: str | None = None
    _shared: dict[Hashable, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def samples(self) -> int:
        """How many examples to generate where the protocol leaves it open."""
        return self.evaluation.samples

    @property
    def spread(self) -> float:
        """Standard deviation of the noise added to both sides before divergences are estimated."""
        if self.evaluation.spread is not None:
            return self.evaluation.spread
        return math.sqrt(math.prod(self.data.shape)) / IMAGE_SPREAD if self.data.is_image else 0.0

    @property
    def spreads(self) -> tuple[float, ...]:
        """Levels of noise under which divergences are estimated as a curve, ascending; none for points by default."""
        if self.evaluation.spreads is not None:
            return tuple(sorted(set(self.evaluation.spreads)))
        return CURVE_SPREADS if self.data.is_image else ()

    @property
    def divergences(self) -> tuple[str, ...]:
        """f-divergences to measure beside those registered."""
        return (*self.evaluation.divergences, *(() if self.trained_on is None else (self.trained_on,)))

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
        columns: the columns that it gives, figures and labels.
        uses: registries whose entries it takes all together, such as every divergence.
    """

    name: str
    version: int
    measure: Callable[[Subject], dict[str, float]]
    labels: Callable[[Subject], dict[str, str]] = lambda _: {}
    columns: tuple[Column, ...] = ()
    uses: tuple[Registry[Any], ...] = ()

    @property
    def label(self) -> str:
        """Name and version, as stored with the figures: fid/2.

        What plugin files registered has the hash of its code in it, radius/1@3fa9c1d2: an edited file measures
        something else.
        """
        own = METRICS.source(self.name)
        used = {name: source for registry in self.uses for name, source in registry.sources().items()}
        parts = [f"{self.name}/{self.version}", *([f"@{own[:8]}"] if own else [])]
        return "".join([*parts, *(f"+{name}@{source[:8]}" for name, source in used.items())])


METRICS: Registry[Protocol] = Registry("metric")


def register_metric(
    name: str,
    *,
    version: int,
    columns: Sequence[Column] = (),
    labels: Callable[[Subject], dict[str, str]] | None = None,
    uses: Sequence[Registry[Any]] = (),
) -> Callable[[Callable[[Subject], dict[str, float]]], Callable[[Subject], dict[str, float]]]:
    """Decorator: make a function from a `Subject` to figures available to suites under `name`.

    Args:
        name: the name in the suite file.
        version: raised whenever the figures it gives change.
        columns: what it gives: label in print, unit, better end, … of each. What is not declared is taken, but nothing
            is known of it.
        labels: see `Protocol`.
        uses: see `Protocol`.
    """
    declared = tuple(replace(column, protocol=name) for column in columns)

    def decorate(measure: Callable[[Subject], dict[str, float]]) -> Callable[[Subject], dict[str, float]]:
        protocol = Protocol(name, version, measure, labels or (lambda _: {}), declared, tuple(uses))
        METRICS.add(name, protocol, measure.__module__)
        return measure

    return decorate
