"""A pair of laws a given KL(P‖Q) apart: exact divergences, and samples that hide the axes from estimators."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from scipy.optimize import brentq
from torch import Tensor
from torch.distributions import Distribution

from bench.calibration.shapes import SHAPES, Shape
from bench.errors import ArgumentError
from bench.exact import exact_divergence
from bench.spec import PairSettings
from bench.streams import random_stream, stream_seed

PAIRS_VERSION = 1
"""Raised whenever the samples of a pair, or the pair itself, change."""

_FIRST, _LARGEST = 2.0**-8, 2.0**6  # strengths between which the root is sought, by doubling
_PRECISION = 1e-13
_LEAST_SCALE, _LARGEST_SCALE = 0.5, 2.0


@dataclass(frozen=True)
class Pair:
    """Two laws on R^d with KL(P‖Q) as asked for, before they are mapped.

    Attributes:
        settings: shape, dimensions and size.
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

    @cached_property
    def map(self) -> Tensor:
        """The linear map of both samples, shape (d, d), x ↦ x @ map: a rotation, then unequal scales within [½, 2].

        No f-divergence changes under an invertible map. It is drawn from the pair's own stream: always the same.
        """
        d, stream = self.settings.dimensions, random_stream(0, f"{_stream(self.settings)}/map")
        rotation = torch.empty(d, d, dtype=torch.float64)
        torch.nn.init.orthogonal_(rotation, generator=stream)
        uniform = torch.rand(d, generator=stream, dtype=torch.float64)
        return rotation * (_LEAST_SCALE * (_LARGEST_SCALE / _LEAST_SCALE) ** uniform)

    def exact(self, name: str) -> float | None:
        """D_f(P‖Q), inf where it is infinite; None where it can be had by Monte Carlo alone, or not at all.

        Computed once in a process.
        """
        return _exact(name, self.shape, self.shape.effective(self.settings.dimensions), self.strength)

    def sample(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """Draw n points of P and n of Q, shape (n, d) each, float32, mapped: a function of pair, n and seed alone."""
        stream = _stream(self.settings)
        x = self._draw(self.p, n, stream_seed(seed, f"{stream}/p"))
        return x, self._draw(self.q, n, stream_seed(seed, f"{stream}/q"))

    def _draw(self, law: Distribution, n: int, seed: int) -> Tensor:
        with torch.random.fork_rng(devices=[]):  # torch's laws draw from the global state
            torch.manual_seed(seed)
            points = law.sample(torch.Size([n])).reshape(n, -1)
        return (points @ self.map).float()


def pair_of(settings: PairSettings) -> Pair:
    """The pair, with its strength solved for.

    Raises:
        UnknownNameError: if there is no such shape.
        ArgumentError: if the shape does not exist in so few dimensions, or cannot be so far apart.
    """
    shape, d = SHAPES[settings.shape], settings.dimensions
    if d < shape.least_dimensions:
        raise ArgumentError(
            f"shape '{shape.name}': found {d} dimensions; expected at least {shape.least_dimensions}: it does not "
            "exist in fewer"
        )
    strength = _strength(shape, shape.effective(d), settings.size)
    return Pair(settings, shape, strength, *shape.build(d, strength))


def fingerprint(settings: PairSettings) -> str:
    """SHA-256 of what the samples of a pair are a function of, besides n and the seed."""
    text = json.dumps(settings.model_dump(mode="json") | {"version": PAIRS_VERSION}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=4096)
def _strength(shape: Shape, d: int, size: float) -> float:
    """The strength at which KL(P‖Q) is the size."""

    def excess(strength: float) -> float:
        return _kl(shape, d, strength) - size

    high = _FIRST
    while (reached := excess(high)) < 0:
        if high >= _LARGEST:
            raise ArgumentError(
                f"shape '{shape.name}' in {d} dimensions: KL(P‖Q) does not reach {size:g} nats: at strength {high:g} "
                f"it is {reached + size:.4g}; expected a smaller size"
            )
        high *= 2
    low = 0.0 if high == _FIRST else high / 2
    return high if reached == 0 else float(brentq(excess, low, high, xtol=_PRECISION * high))


def _kl(shape: Shape, d: int, strength: float) -> float:
    value = 0.0 if strength == 0 else _exact("kl", shape, d, strength)
    if value is None:
        raise ArgumentError(
            f"shape '{shape.name}' in {d} dimensions: KL(P‖Q) has no exact value; expected laws for which "
            "bench.exact_divergence needs no Monte Carlo, or register_shape(…, effective_dimensions=…)"
        )
    return value


@lru_cache(maxsize=4096)
def _exact(name: str, shape: Shape, d: int, strength: float) -> float | None:
    try:
        value = exact_divergence(name, *shape.build(d, strength))
    except ArgumentError:
        return None
    return float(value) if value.stderr is None else None


def _stream(settings: PairSettings) -> str:
    return f"calibration/{PAIRS_VERSION}/{settings.label}"


__all__ = ["PAIRS_VERSION", "Pair", "fingerprint", "pair_of"]
