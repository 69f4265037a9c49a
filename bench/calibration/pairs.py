"""Pairs of known laws: exact divergences, and samples that hide what makes the laws simple."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.distributions import Distribution

from bench.calibration.bijections import BIJECTIONS, NO_BIJECTION
from bench.calibration.maps import IDENTITY, Map, draw_rotation, scale_and_shift
from bench.calibration.shapes import SHAPES, Shape
from bench.calibration.sizing import find_exact, find_strength
from bench.calibration.tasks import TASKS, Task
from bench.errors import ArgumentError
from bench.identity import identity_of
from bench.spec import PairSettings
from bench.streams import random_stream, stream_seed

PAIRS_VERSION = 1
"""Raised whenever the samples of a pair, or the pair itself, change."""

_LEAST_SCALE, _LARGEST_SCALE = 0.5, 2.0
_TO_STANDARDISE = 4096  # points of each law that decide the affine map before a bijection


class KnownPair(Protocol):
    """Two laws whose divergences are known, and samples of them."""

    @property
    def split(self) -> int | None:
        """The number of leading coordinates that are X where P is a joint law of X and Y, and Q the product."""

    def exact(self, name: str) -> float | None:
        """D_f(P‖Q), inf where it is infinite; None where it is not known."""

    def sample(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """Draw n points of P and n of Q, shape (n, d) each."""

    def sample_log_ratios(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """Log p/q at the points that `sample` gives, shape (n,) each, float64; infinite where a law has no mass."""


@dataclass(frozen=True)
class Pair:
    """Two laws on R^d as far apart as asked for, before they are mapped.

    Attributes:
        settings: shape, dimensions, size and bijection.
        shape: the registered shape.
        strength: the shape's parameter.
        p: the law of P, event shape (d,), float64.
        q: the law of Q, likewise.
    """

    settings: PairSettings
    shape: Shape
    strength: float
    p: Distribution
    q: Distribution
    split: ClassVar[None] = None

    @cached_property
    def map(self) -> Tensor:
        """The linear map of both samples, shape (d, d), x ↦ x @ map: a rotation, then unequal scales within [½, 2].

        No f-divergence changes under an invertible map. It is drawn from the pair's own stream: always the same.
        """
        d, stream = self.settings.dimensions, random_stream(0, f"{_stream(self.settings)}/map")
        rotation = draw_rotation(d, stream)
        uniform = torch.rand(d, generator=stream, dtype=torch.float64)
        return rotation * (_LEAST_SCALE * (_LARGEST_SCALE / _LEAST_SCALE) ** uniform)

    @cached_property
    def bijection(self) -> Map:
        """What comes after the linear map: points are standardised, and the bijection is applied."""
        settings = self.settings
        if settings.bijection == NO_BIJECTION:
            return IDENTITY
        name = f"{_stream(settings)}/{settings.bijection}"
        seeds = (stream_seed(0, f"{name}/{side}") for side in "pq")
        points = torch.cat(
            [self._map(_draw(law, _TO_STANDARDISE, s)) for law, s in zip((self.p, self.q), seeds, strict=True)]
        )
        standardise = scale_and_shift(points.mean(0), points.std(0))
        bend = BIJECTIONS[settings.bijection].build(settings.dimensions, random_stream(0, name))
        return standardise.then(bend)

    def exact(self, name: str) -> float | None:
        """D_f(P‖Q), inf where it is infinite; None where it can be had by Monte Carlo alone, or not at all.

        Computed once in a process.
        """
        return find_exact(name, self.shape, self.shape.effective(self.settings.dimensions), self.strength)

    def sample(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """Draw n points of P and n of Q, shape (n, d) each, mapped: a function of pair, n and seed alone.

        They are float32; float64 where there is a bijection, after which float32 may no longer tell points apart. A
        bijection maps the very points that the pair without it gives.
        """
        x, y = (self._map(points) for points in self._draw_both(n, seed))
        if self.settings.bijection == NO_BIJECTION:
            return x.float(), y.float()
        return self.bijection(x), self.bijection(y)

    def sample_log_ratios(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """See `KnownPair`: of the laws before all maps, which change no ratio."""
        both = (points.reshape(-1, *self.p.event_shape) for points in self._draw_both(n, seed))
        of_p, of_q = (self.p.log_prob(points) - self.q.log_prob(points) for points in both)
        return of_p, of_q

    def _draw_both(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        stream = _stream(self.settings)
        x, y = (_draw(law, n, stream_seed(seed, f"{stream}/{side}")) for law, side in ((self.p, "p"), (self.q, "q")))
        return x, y

    def _map(self, points: Tensor) -> Tensor:
        """Points as they are before the bijection, float64."""
        if self.shape.bend is not None:
            points = self.shape.bend(self.settings.dimensions)(points)
        return points @ self.map if self.shape.turned else points


@dataclass(frozen=True)
class TaskPair:
    """The pair of a task: a joint law of (X, Y), and the product of its marginals.

    Attributes:
        settings: the task's name, dimensions and size.
        task: the registered task.
    """

    settings: PairSettings
    task: Task

    @property
    def split(self) -> int:
        """The number of coordinates of X, which come first."""
        return self.task.dimensions_x

    def exact(self, name: str) -> float | None:
        """D_f(P‖Q), inf where it is infinite; None where it is not known."""
        return self.task.exact(name)

    def sample(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """Draw n points (x, y) of P and n of Q, shape (n, d) each, float64.

        X and Y of a point of Q are of two further draws from P: no point of P has a part in Q's, and none in two.
        """
        joint, for_x, for_y = (self.task.sample(n, stream) for stream in self._make_streams(seed))
        return torch.cat(joint, 1), torch.cat([for_x[0], for_y[1]], 1)

    def sample_log_ratios(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """See `KnownPair`: of the law before the maps of X and of Y, which change no ratio."""
        law = self.task.law
        joint, for_x, for_y = (law.sample(n, stream) for stream in self._make_streams(seed))
        return law.log_ratio(*joint), law.log_ratio(for_x[0], for_y[1])

    def _make_streams(self, seed: int) -> Iterator[torch.Generator]:
        """Of P's points, of Q's X and of Q's Y."""
        stream = f"calibration/{PAIRS_VERSION}/{self.task.name}"
        return (random_stream(seed, f"{stream}/{side}") for side in ("p", "x", "y"))


def pair_of(settings: PairSettings) -> Pair | TaskPair:
    """The pair: of a shape, with its strength solved for, or of a task.

    Raises:
        UnknownNameError: if there is no such shape, task or bijection.
        ArgumentError: if the shape or the bijection does not exist in so few dimensions, the laws cannot be so far
            apart, or the settings are not the task's.
    """
    if settings.shape in TASKS:
        return _pair_of_task(settings, TASKS[settings.shape])
    shape, d = SHAPES[settings.shape], settings.dimensions
    bijection = BIJECTIONS[settings.bijection]
    for what, name, least in (
        ("shape", shape.name, shape.least_dimensions),
        ("bijection", bijection.name, bijection.least_dimensions),
    ):
        if d < least:
            raise ArgumentError(
                f"{what} '{name}': found {d} dimensions; expected at least {least}: it does not exist in fewer"
            )
    if settings.measure != shape.measure:
        raise ArgumentError(f"shape '{shape.name}': found a size in {settings.measure}; expected {shape.measure}")
    strength = find_strength(shape, shape.effective(d), settings.size)
    return Pair(settings, shape, strength, *shape.build(d, strength))


def settings_of_task(task: Task) -> PairSettings:
    """The settings of a task's pair."""
    return PairSettings(shape=task.name, dimensions=task.dimensions, size=task.size)


def fingerprint(settings: PairSettings) -> str:
    """SHA-256 of what the samples of a pair are a function of, besides n and the seed."""
    text = json.dumps(identity_of(settings) | {"version": PAIRS_VERSION}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _pair_of_task(settings: PairSettings, task: Task) -> TaskPair:
    expected = settings_of_task(task)
    if settings != expected:
        raise ArgumentError(f"task '{task.name}': found {settings.label}; expected {expected.label}")
    return TaskPair(settings, task)


def _draw(law: Distribution, n: int, seed: int) -> Tensor:
    """Points (n, d) of a law, before all maps, float64."""
    with torch.random.fork_rng(devices=[]):  # torch's laws draw from the global state, here that of the CPU
        torch.default_generator.manual_seed(seed)
        return law.sample(torch.Size([n])).reshape(n, -1)


def _stream(settings: PairSettings) -> str:
    """The same under every bijection."""
    return f"calibration/{PAIRS_VERSION}/{settings.model_copy(update={'bijection': NO_BIJECTION}).label}"


__all__ = ["PAIRS_VERSION", "KnownPair", "Pair", "TaskPair", "fingerprint", "pair_of", "settings_of_task"]
