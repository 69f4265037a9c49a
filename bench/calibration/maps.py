"""Invertible maps of points: no f-divergence changes when one of them is applied to both samples.

They act on points of about unit scale in float64, and every one has its inverse beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Pointwise = Callable[[Tensor], Tensor]

_KNOTS = 4  # of a monotone piecewise linear function
_KNOTS_WITHIN = 2.0
_STEEPEST = 3.0
_ROLL = 1.5 * math.pi
_ROLL_SCALE = 21.0


@dataclass(frozen=True)
class Map:
    """An injective map of points (n, d), float64, and its inverse on what it reaches."""

    forward: Pointwise
    inverse: Pointwise

    def __call__(self, x: Tensor) -> Tensor:
        """Apply it."""
        return self.forward(x)

    def then(self, other: Map) -> Map:
        """First this, then the other."""
        return Map(lambda x: other.forward(self.forward(x)), lambda y: self.inverse(other.inverse(y)))


IDENTITY = Map(lambda x: x, lambda y: y)
NORMAL_CDF = Map(torch.special.ndtr, torch.special.ndtri)
HALF_CUBE = Map(lambda x: x * x.abs().sqrt(), lambda y: y.sign() * y.abs() ** (2 / 3))
ASINH = Map(torch.asinh, torch.sinh)
EXP = Map(torch.exp, torch.log)


def scale_and_shift(centre: Tensor, scale: Tensor) -> Map:
    """(x − centre) / scale in every coordinate.

    Args:
        centre: shape (d,).
        scale: shape (d,), positive.
    """
    return Map(lambda x: (x - centre) / scale, lambda y: y * scale + centre)


def multiply(matrix: Tensor) -> Map:
    """X ↦ x @ matrix.

    Args:
        matrix: invertible, shape (d, d).
    """
    return Map(lambda x: x @ matrix, lambda y: torch.linalg.solve(matrix.T, y.T).T)


def draw_rotation(d: int, generator: torch.Generator) -> Tensor:
    """A random orthogonal matrix, shape (d, d)."""
    rotation = torch.empty(d, d, dtype=torch.float64)
    torch.nn.init.orthogonal_(rotation, generator=generator)
    return rotation


def make_spiral(planes: tuple[tuple[int, int], ...], speed: float) -> Map:
    """Points are turned about the origin by an angle of speed · |x|², in each of some planes.

    The norm stays, so the inverse turns back (Czyż et al. 2023, sec. 3.2).

    Args:
        planes: pairs of coordinates, no coordinate twice; the first turns towards the second.
        speed: radians per unit of the squared norm.
    """

    def turn(x: Tensor, sign: float) -> Tensor:
        angle, turned = sign * speed * x.square().sum(1), x.clone()
        cos, sin = angle.cos(), angle.sin()
        for i, j in planes:
            turned[:, i], turned[:, j] = cos * x[:, i] - sin * x[:, j], sin * x[:, i] + cos * x[:, j]
        return turned

    return Map(lambda x: turn(x, 1.0), lambda y: turn(y, -1.0))


def roll_up(u: Tensor) -> Tensor:
    """The unit interval as a curve in the plane: t (cos t, sin t) / 21 with t = 3π/2 · (1 + 2u).

    Args:
        u: shape (n,), within [0, 1].

    Returns:
        Shape (n, 2).
    """
    t = _ROLL * (1 + 2 * u)
    return torch.stack([t * t.cos(), t * t.sin()], 1) / _ROLL_SCALE


def unroll(points: Tensor) -> Tensor:
    """Inverse of `roll_up`: a point's distance from the origin is t / 21."""
    t: Tensor = _ROLL_SCALE * points.norm(dim=1)
    return (t / _ROLL - 1) / 2


def make_swiss_roll() -> Map:
    """The first coordinate, made uniform by the normal CDF, rolls up in a plane: one dimension more."""

    def forward(x: Tensor) -> Tensor:
        return torch.cat([roll_up(torch.special.ndtr(x[:, 0])), x[:, 1:]], 1)

    def inverse(y: Tensor) -> Tensor:
        return torch.cat([torch.special.ndtri(unroll(y[:, :2]))[:, None], y[:, 2:]], 1)

    return Map(forward, inverse)


def draw_triangular(d: int, generator: torch.Generator) -> Map:
    """A random autoregressive map: yᵢ = exp(a(u)) mᵢ(xᵢ) + b(u), where u is a random projection of x₁ … xᵢ₋₁.

    mᵢ is increasing and piecewise linear, a is a sine of at most ½, b a sine of amplitude 1: the Jacobian is triangular
    with a positive diagonal, so the map is injective.

    Args:
        d: dimensions.
        generator: draws slopes, projections and phases.
    """
    pieces = [_draw_monotone(generator) for _ in range(d)]
    weights = torch.randn(d, d, generator=generator, dtype=torch.float64).tril(-1)
    weights = weights / weights.norm(dim=1, keepdim=True).clamp_min(1e-300)
    phases = 2 * math.pi * torch.rand(d, 2, generator=generator, dtype=torch.float64)

    def scale_and_offset(before: Tensor, i: int) -> tuple[Tensor, Tensor]:
        u = before[:, :i] @ weights[i, :i]
        return (0.5 * (u + phases[i, 0]).sin()).exp(), (2 * u + phases[i, 1]).sin()

    def forward(x: Tensor) -> Tensor:
        rows = []
        for i, piece in enumerate(pieces):
            scale, offset = scale_and_offset(x, i)
            rows.append(scale * piece(x[:, i]) + offset)
        return torch.stack(rows, 1)

    def inverse(y: Tensor) -> Tensor:
        x = torch.zeros_like(y)
        for i, piece in enumerate(pieces):
            scale, offset = scale_and_offset(x, i)
            x[:, i] = piece.inverse((y[:, i] - offset) / scale)
        return x

    return Map(forward, inverse)


def _draw_monotone(generator: torch.Generator) -> Map:
    """An increasing piecewise linear function with random knots, and slopes within [1/3, 3]."""
    knots = (_KNOTS_WITHIN * (2 * torch.rand(_KNOTS, generator=generator, dtype=torch.float64) - 1)).sort().values
    slopes = _STEEPEST ** (2 * torch.rand(_KNOTS + 1, generator=generator, dtype=torch.float64) - 1)
    heights = torch.cat([knots[:1], knots[:1] + (slopes[1:-1] * knots.diff()).cumsum(0)])

    def evaluate(t: Tensor, places: Tensor, values: Tensor, rises: Tensor) -> Tensor:
        segment = torch.searchsorted(places, t.contiguous())
        left = (segment - 1).clamp_min(0)
        height: Tensor = values[left] + rises[segment] * (t - places[left])
        return height

    return Map(
        lambda t: evaluate(t, knots, heights, slopes),
        lambda t: evaluate(t, heights, knots, 1 / slopes),
    )
