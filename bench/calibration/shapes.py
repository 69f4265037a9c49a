"""Shapes: one-parameter families of pairs (P, Q) that are equal at strength 0 and drift apart as it grows.

A new shape is one function and one registration line. P is the data, Q the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.distributions import (
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    StudentT,
)

from bench.calibration.maps import Map
from bench.registry import Registry

MISSED_WEIGHT = 0.2
DEGREES_OF_FREEDOM = 3.0

Laws = tuple[Distribution, Distribution]
Build = Callable[[int, float], Laws]
"""From the number of dimensions d and the strength to the laws of P and Q, float64, event shape (d,)."""
Measure = Literal["kl", "renyi"]
"""In what a pair's size is told: KL(P‖Q), or the Rényi divergence of order ½, −2 log ∫ √(p q), where kl is infinite."""


@dataclass(frozen=True)
class Shape:
    """A registered family of pairs.

    Attributes:
        name: registered name.
        build: the laws of P and Q; their size grows with the strength, from 0 at strength 0.
        least_dimensions: the fewest dimensions in which the shape exists.
        effective_dimensions: with more dimensions than these, the divergences are those in so many at the same
            strength: as where only the leading coordinates differ, all others being alike and independent of them.
            None where every dimension counts.
        measure: in what the size is told.
        bend: an injective map of both samples that belongs to the shape, from the number of dimensions; None for none.
        turned: whether samples are turned and scaled at random. Not where axes mean something, as those of pixels do.
    """

    name: str
    build: Build
    least_dimensions: int = 1
    effective_dimensions: int | None = None
    measure: Measure = "kl"
    bend: Callable[[int], Map] | None = None
    turned: bool = True

    def effective(self, dimensions: int) -> int:
        """The number of dimensions in which the divergences are the same as in `dimensions`."""
        return min(dimensions, self.effective_dimensions or dimensions)


SHAPES: Registry[Shape] = Registry("shape")


def register_shape(
    name: str,
    *,
    least_dimensions: int = 1,
    effective_dimensions: int | None = None,
    measure: Measure = "kl",
    bend: Callable[[int], Map] | None = None,
    turned: bool = True,
) -> Callable[[Build], Build]:
    """Decorator: make a family of pairs available to calibration suites under `name`.

    `bench.exact_divergence` must know the size without Monte Carlo: as it does in one and two dimensions, for many
    Gaussians and for laws of independent coordinates. Give `effective_dimensions` to bring others down to that.

    Args:
        name: the name that suites use.
        least_dimensions: see `Shape`; the others likewise.
        effective_dimensions: how many decide the divergences.
        measure: "renyi" where kl is infinite.
        bend: a map of both samples.
        turned: whether samples are turned and scaled at random.
    """

    def decorate(build: Build) -> Build:
        shape = Shape(name, build, least_dimensions, effective_dimensions, measure, bend, turned)
        SHAPES.add(name, shape, build.__module__)
        return build

    return decorate


def _normal(d: int, scale: float = 1.0) -> Distribution:
    return Independent(Normal(torch.zeros(d, dtype=torch.float64), scale * torch.ones(d, dtype=torch.float64)), 1)


def _along_first(d: int, shift: float) -> Tensor:
    place = torch.zeros(d, dtype=torch.float64)
    place[0] = shift
    return place


def shifted(d: int, strength: float) -> Laws:
    """P = N(δ e₁, I), Q = N(0, I); strength δ."""
    ones = torch.ones(d, dtype=torch.float64)
    return Independent(Normal(_along_first(d, strength), ones), 1), _normal(d)


def scaled(d: int, strength: float) -> Laws:
    """P = N(0, I), Q = N(0, s² I) with s = e^−strength < 1: the model is too narrow."""
    return _normal(d), _normal(d, math.exp(-strength))


def widened(d: int, strength: float) -> Laws:
    """P = N(0, I), Q = N(0, s² I) with s = e^strength > 1: the model is too wide."""
    return _normal(d), _normal(d, math.exp(strength))


def correlated(d: int, strength: float) -> Laws:
    """P Gaussian with unit variances and equal correlations ρ = tanh(strength), Q = N(0, I): dependence alone."""
    rho = math.tanh(strength)
    covariance = torch.full((d, d), rho, dtype=torch.float64).fill_diagonal_(1.0)
    return MultivariateNormal(torch.zeros(d, dtype=torch.float64), covariance), _normal(d)


def missing_mode(d: int, strength: float) -> Laws:
    """P = 0.8 N(0, I) + 0.2 N(δ e₁, I), Q = N(0, I), which lacks the second mode; strength δ."""
    weights = torch.tensor([1 - MISSED_WEIGHT, MISSED_WEIGHT], dtype=torch.float64)
    means = torch.stack([_along_first(d, 0.0), _along_first(d, strength)])
    modes = Independent(Normal(means, torch.ones(2, d, dtype=torch.float64)), 1)
    return MixtureSameFamily(Categorical(weights), modes), _normal(d)


def heavy_tails(d: int, strength: float) -> Laws:
    """Independent Student t coordinates with 3 degrees of freedom; P is shifted by δ along the first; strength δ."""
    degrees = torch.full((d,), DEGREES_OF_FREEDOM, dtype=torch.float64)
    ones = torch.ones(d, dtype=torch.float64)
    p, q = (Independent(StudentT(degrees, _along_first(d, shift), ones), 1) for shift in (strength, 0.0))
    return p, q


register_shape("shifted", effective_dimensions=1)(shifted)
register_shape("scaled")(scaled)
register_shape("widened")(widened)
register_shape("correlated", least_dimensions=2)(correlated)
register_shape("missing_mode", effective_dimensions=1)(missing_mode)
register_shape("heavy_tails", effective_dimensions=1)(heavy_tails)


__all__ = ["DEGREES_OF_FREEDOM", "MISSED_WEIGHT", "SHAPES", "Build", "Laws", "Measure", "Shape", "register_shape"]
