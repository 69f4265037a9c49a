"""Bijections: ways to make any pair of known laws hard to tell apart for an estimator, and no farther apart.

D_f(P‖Q) is the same for the images of P and Q under any injective map. A new bijection is one function and one
registration line.
"""

from __future__ import annotations

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
    """

    name: str
    build: Build
    least_dimensions: int = 1


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
        BIJECTIONS.add(name, Bijection(name, build, least_dimensions), build.__module__)
        return build

    return decorate


def _always(fixed: Map) -> Build:
    def build(d: int, generator: torch.Generator) -> Map:
        return fixed

    return build


def rotation(d: int, generator: torch.Generator) -> Map:
    """A random rotation."""
    return maps.multiply(maps.draw_rotation(d, generator))


def spiral(d: int, generator: torch.Generator) -> Map:
    """Rotations by an angle of |x|²·2/d in the planes of coordinates 1 and 2, 3 and 4, …: about two radians."""
    planes = tuple((i, i + 1) for i in range(0, d - 1, 2))
    return maps.make_spiral(planes, 2 * SPIRAL_SPEED / d)


def swiss_roll(d: int, generator: torch.Generator) -> Map:
    """The first coordinate rolls up in a plane, so that there is one dimension more."""
    return maps.make_swiss_roll()


register_bijection(NO_BIJECTION)(_always(maps.IDENTITY))
register_bijection("normal_cdf")(_always(maps.NORMAL_CDF))
register_bijection("half_cube")(_always(maps.HALF_CUBE))
register_bijection("asinh")(_always(maps.ASINH))
register_bijection("exp")(_always(maps.EXP))
register_bijection("rotation", least_dimensions=2)(rotation)
register_bijection("spiral", least_dimensions=2)(spiral)
register_bijection("swiss_roll")(swiss_roll)
register_bijection("triangular", least_dimensions=2)(maps.draw_triangular)


__all__ = ["BIJECTIONS", "NO_BIJECTION", "Bijection", "Build", "register_bijection"]
