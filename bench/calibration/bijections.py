"""Bijections: ways to make any pair of known laws hard to tell apart for an estimator, and no farther apart.

D_f(P‖Q) is the same for the images of P and Q under any injective map. A new bijection is one function and one
registration line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import torch

from bench.calibration import maps
from bench.calibration.maps import Map
from bench.registry import Registry

NO_BIJECTION = "none"
SPIRAL_SPEED = 1.0

Build = Callable[[int, torch.Generator], Map]
"""From the number of dimensions and a generator for what is random to the map of points (n, d) of about unit scale."""


@dataclass(frozen=True)
class Bijection:
    """A registered bijection.

    Attributes:
        name: registered name.
        build: makes the map.
        least_dimensions: the fewest dimensions in which it exists.
        about: what it does, in a line.
    """

    name: str
    build: Build
    least_dimensions: int = 1
    about: str = ""


BIJECTIONS: Registry[Bijection] = Registry("bijection")


def register_bijection(name: str, *, least_dimensions: int = 1) -> Callable[[Build], Build]:
    """Decorator: make a bijection available to calibration suites under `name`.

    Before it, the points of both samples are brought to mean 0 and standard deviation 1 in every coordinate, about, by
    one and the same affine map.

    Args:
        name: the name that suites use.
        least_dimensions: the fewest dimensions in which it exists.
    """

    def decorate(build: Build) -> Build:
        about = (inspect.getdoc(build) or "").partition("\n")[0]
        BIJECTIONS.add(name, Bijection(name, build, least_dimensions, about), build.__module__)
        return build

    return decorate


@register_bijection(NO_BIJECTION)
def none(d: int, generator: torch.Generator) -> Map:
    """Points as they are, not even standardised."""
    return maps.IDENTITY


@register_bijection("normal_cdf")
def normal_cdf(d: int, generator: torch.Generator) -> Map:
    """The normal distribution function of every coordinate: nearly uniform ones, with edges."""
    return maps.NORMAL_CDF


@register_bijection("half_cube")
def half_cube(d: int, generator: torch.Generator) -> Map:
    """|x|^1.5 of every coordinate, with its sign: a density with a peak at 0, and longer tails."""
    return maps.HALF_CUBE


@register_bijection("asinh")
def asinh(d: int, generator: torch.Generator) -> Map:
    """The inverse hyperbolic sine of every coordinate: tails as short as a logarithm makes them."""
    return maps.ASINH


@register_bijection("exp")
def exp(d: int, generator: torch.Generator) -> Map:
    """The exponential of every coordinate: one long tail."""
    return maps.EXP


@register_bijection("rotation", least_dimensions=2)
def rotation(d: int, generator: torch.Generator) -> Map:
    """A random rotation."""
    return maps.multiply(maps.draw_rotation(d, generator))


@register_bijection("spiral", least_dimensions=2)
def spiral(d: int, generator: torch.Generator) -> Map:
    """Rotations by an angle of |x|²·2/d in the planes of coordinates 1 and 2, 3 and 4, …: about two radians."""
    planes = tuple((i, i + 1) for i in range(0, d - 1, 2))
    return maps.make_spiral(planes, 2 * SPIRAL_SPEED / d)


@register_bijection("swiss_roll")
def swiss_roll(d: int, generator: torch.Generator) -> Map:
    """The first coordinate rolls up in a plane, so that there is one dimension more."""
    return maps.make_swiss_roll()


@register_bijection("triangular", least_dimensions=2)
def triangular(d: int, generator: torch.Generator) -> Map:
    """A random autoregressive map: each coordinate bent, scaled and moved as those before it say."""
    return maps.draw_triangular(d, generator)


__all__ = ["BIJECTIONS", "NO_BIJECTION", "Bijection", "Build", "register_bijection"]
