"""Banana, cosine, square, funnel and annulus: five of the six sets of points of Song & Ermon 2020 (fig. 2, table 1).

Their repository f-wgan takes the densities from the code of Wenliang et al. 2019 (deep-kexpfam). Defaults are what it
runs, found in the code where the paper is silent; training sets hold 5,000 points there. The sixth, its `grid`, is two
Gaussians 8 apart: `ring` with 2 modes, radius 4 and scale 0.5, up to a rotation. Its `ring` is `annulus` here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch.distributions import Distribution, Independent, Normal, Uniform

from bench.datasets.base import Dataset, fingerprint, register_dataset
from bench.datasets.gaussians import Draw, Floats, draw_splits
from bench.datasets.parameters import Count, Positive
from bench.datasets.planar_laws import Annulus, Narrowing, NormalGiven, Parabola, Wave

SIZE = 5_000
HALF_WIDTH = 4.0  # of the range of x in `cosine`


@register_dataset("banana", shape=(2,))
def banana(b: float = 0.2, scale: Positive = 2.0, size: Count = SIZE) -> Dataset:
    """Points on a bent Gaussian: x ~ N(0, σ²), y given x ~ N(b (x² − σ²), 1).

    Args:
        b: how much it is bent.
        scale: σ.
        size: number of training examples.
    """

    def draw(rng: np.random.Generator, n: int) -> Floats:
        x, noise = scale * rng.standard_normal(n), rng.standard_normal(n)
        return np.stack([x, b * (x * x - scale * scale) + noise], 1)

    return _dataset("banana", draw, NormalGiven(_normal(scale), Parabola(b, scale)), size)


@register_dataset("cosine", shape=(2,))
def cosine(amplitude: float = 3.0, frequency: float = 2.0, size: Count = SIZE) -> Dataset:
    """Points about a cosine: x uniform on [−4, 4], y given x ~ N(A cos ωx, 1).

    Args:
        amplitude: A.
        frequency: ω.
        size: number of training examples.
    """

    def draw(rng: np.random.Generator, n: int) -> Floats:
        x, noise = HALF_WIDTH * (2 * rng.random(n) - 1), rng.standard_normal(n)
        return np.stack([x, amplitude * _each(math.cos, frequency * x) + noise], 1)

    ends = (-HALF_WIDTH, HALF_WIDTH)
    return _dataset("cosine", draw, NormalGiven(_uniform(*ends), Wave(amplitude, frequency), ends), size)


@register_dataset("square", shape=(2,))
def square(side: Positive = 6.0, size: Count = SIZE) -> Dataset:
    """Points uniform on a square around the origin.

    Args:
        side: length of its sides.
        size: number of training examples.
    """

    def draw(rng: np.random.Generator, n: int) -> Floats:
        return side * (rng.random((n, 2)) - 0.5)

    ends = torch.full((2,), side / 2, dtype=torch.float64)
    return _dataset("square", draw, Independent(Uniform(-ends, ends, validate_args=False), 1), size)


@register_dataset("funnel", shape=(2,))
def funnel(scale: Positive = 2.0, limit: Positive = 10.0, size: Count = SIZE) -> Dataset:
    """Points in a funnel: x ~ N(0, σ²), y given x ~ N(0, min(e^−x, limit)).

    Args:
        scale: σ.
        limit: the largest variance of y, which the published code has beside Neal's (2003) funnel.
        size: number of training examples.
    """

    def draw(rng: np.random.Generator, n: int) -> Floats:
        x, noise = scale * rng.standard_normal(n), rng.standard_normal(n)
        return np.stack([x, np.sqrt(np.minimum(_each(math.exp, -x), limit)) * noise], 1)

    return _dataset("funnel", draw, NormalGiven(_normal(scale), Narrowing(limit)), size)


@register_dataset("annulus", shape=(2,))
def annulus(radius: Positive = 5.0, scale: Positive = 0.2, size: Count = SIZE) -> Dataset:
    """Points about a circle around the origin: any angle alike, at a distance N(radius, scale²).

    Args:
        radius: radius of the circle.
        scale: standard deviation of the distance from the origin.
        size: number of training examples.
    """

    def draw(rng: np.random.Generator, n: int) -> Floats:
        angle, distance = 2 * math.pi * rng.random(n), radius + scale * rng.standard_normal(n)
        return distance[:, None] * np.stack([_each(math.cos, angle), _each(math.sin, angle)], 1)

    return _dataset("annulus", draw, Annulus(radius, scale), size)


def _dataset(name: str, draw: Draw, density: Distribution, size: int) -> Dataset:
    """Independent draws, a function of name and arguments only; held-out splits do not depend on `size`."""
    train, validation, test = draw_splits(draw, size)
    return Dataset(
        name=name,
        train=train,
        validation=validation,
        test=test,
        fingerprint=fingerprint(train, validation, test),
        density=density,
    )


def _each(function: Callable[[float], float], values: Floats) -> Floats:
    """The function of every value, by Python: NumPy's vectorised ones differ in last bits between processors."""
    return np.fromiter(map(function, values.tolist()), np.float64, len(values))


def _normal(scale: float) -> Normal:
    return Normal(*torch.tensor([0.0, scale], dtype=torch.float64))


def _uniform(low: float, high: float) -> Uniform:
    ends = torch.tensor([low, high], dtype=torch.float64)
    return Uniform(ends[0], ends[1], validate_args=False)
