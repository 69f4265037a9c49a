"""How far the laws of a shape are apart: exact divergences, and the strength at which the size is as asked for."""

from __future__ import annotations

import math
from functools import lru_cache

from scipy.optimize import brentq

from bench.calibration.shapes import Shape
from bench.errors import ArgumentError
from bench.exact import exact_divergence

_FIRST, _LARGEST = 2.0**-8, 2.0**6  # strengths between which the root is sought, by doubling
_PRECISION = 1e-13
_NAMES = {"kl": "KL(P‖Q)", "renyi": "the Rényi divergence of order ½"}
_FROM = {"kl": "kl", "renyi": "squared_hellinger"}


@lru_cache(maxsize=4096)
def find_strength(shape: Shape, d: int, size: float) -> float:
    """The strength at which the size, in the shape's own measure, is as asked for.

    Raises:
        ArgumentError: if it is never so large, or has no exact value.
    """

    def excess(strength: float) -> float:
        return measure_size(shape, d, strength) - size

    high = _FIRST
    while (reached := excess(high)) < 0:
        if high >= _LARGEST:
            raise ArgumentError(
                f"shape '{shape.name}' in {d} dimensions: {_NAMES[shape.measure]} does not reach {size:g} nats: at "
                f"strength {high:g} it is {reached + size:.4g}; expected a smaller size"
            )
        high *= 2
    low = 0.0 if high == _FIRST else high / 2
    return high if reached == 0 else float(brentq(excess, low, high, xtol=_PRECISION * high))


def measure_size(shape: Shape, d: int, strength: float) -> float:
    """How far the laws are apart at a strength, in nats, in the shape's own measure.

    Raises:
        ArgumentError: if it has no exact value.
    """
    value = 0.0 if strength == 0 else find_exact(_FROM[shape.measure], shape, d, strength)
    if value is None:
        raise ArgumentError(
            f"shape '{shape.name}' in {d} dimensions: {_NAMES[shape.measure]} has no exact value; expected laws for "
            "which bench.exact_divergence needs no Monte Carlo, or register_shape(…, effective_dimensions=…)"
        )
    return value if shape.measure == "kl" else _renyi(value)


@lru_cache(maxsize=4096)
def find_exact(name: str, shape: Shape, d: int, strength: float) -> float | None:
    """D_f(P‖Q) at a strength, inf where it is infinite; None where it can be had by Monte Carlo alone, or not at all.

    Args:
        name: the divergence.
        shape: the shape.
        d: dimensions; the fewest with the same divergences, so that what is known is found again.
        strength: the shape's parameter.
    """
    try:
        value = exact_divergence(name, *shape.build(d, strength))
    except ArgumentError:
        return None
    return float(value) if value.stderr is None else None


def _renyi(squared_hellinger: float) -> float:
    """−2 log ∫ √(p q), the integral being 1 − ½ ∫ (√p − √q)²."""
    affinity = 1 - squared_hellinger / 2
    return -2 * math.log(affinity) if affinity > 0 else math.inf
