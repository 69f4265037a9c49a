"""The kernel of KID, k(x, y) = (xᵀy/d + 1)³, and a form of it that keeps its digits where the mean outweighs the rest.

A discrepancy does not change when functions of one argument alone are added to its kernel, and neither does its
variance. With c any point, x = c + u, y = c + w, a = cᵀc/d + 1, p = cᵀu/d, r = cᵀw/d, q = uᵀw/d and s = r + q, taking
them off leaves

    (a + p + s)³ − (a + p)³ − (a + r)³ + a³ = 3(a²q + p(2a + p)s) + 3(aq(s + r) + ps²) + q(s² + sr + r²),

where nothing cancels. Features far from the origin, or so near it that the 1 outweighs them, are compared thus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

_OUTWEIGHED = 1e4  # as often as a is larger than the variance: a discrepancy is about 1/n of a² times that


@dataclass(frozen=True)
class Side:
    """Points as a kernel compares them.

    Attributes:
        points: shape (n, d), float64.
        along: p, shape (n,).
    """

    points: Tensor
    along: Tensor

    def cut(self, start: int, end: int) -> Side:
        """Some of the points."""
        return Side(self.points[start:end], self.along[start:end])


class Kernel(Protocol):
    """The kernel up to functions of one argument alone."""

    def place(self, points: Tensor) -> Side:
        """Points, shape (n, d) in float64, ready to be compared."""

    def compare(self, x: Side, y: Side) -> Tensor:
        """Kernel values, shape (n, m)."""


@dataclass(frozen=True)
class PlainKernel:
    """As it is defined.

    Attributes:
        constant: 1, in the unit of the points.
    """

    constant: float

    def place(self, points: Tensor) -> Side:
        """The points."""
        return Side(points, points[:, 0])

    def compare(self, x: Side, y: Side) -> Tensor:
        """Kernel values, shape (n, m)."""
        constant = x.points.new_full((), self.constant).expand(len(x.points), len(y.points))
        return torch.addmm(constant, x.points, y.points.T, alpha=1 / x.points.shape[1]).pow_(3)


@dataclass(frozen=True)
class CentredKernel:
    """Without what depends on one argument alone.

    Attributes:
        centre: c, shape (d,), float64.
        level: a.
    """

    centre: Tensor
    level: float

    def place(self, points: Tensor) -> Side:
        """Deviations from the centre, and how far they go along it."""
        deviations = points - self.centre
        return Side(deviations, deviations @ self.centre / len(self.centre))

    def compare(self, x: Side, y: Side) -> Tensor:
        """Kernel values, shape (n, m)."""
        a, p, r = self.level, x.along[:, None], y.along[None, :]
        q = x.points @ y.points.T / len(self.centre)
        s = q + r
        first = a**2 * q + p * (2 * a + p) * s + a * q * (s + r) + p * s**2
        return 3 * first + q * (s**2 + s * r + r**2)


def choose_kernel(x: Tensor, constant: float = 1.0) -> Kernel:
    """The form that suits points, shape (n, d) in float64.

    Args:
        x: the points.
        constant: what the kernel's 1 is in the unit of the points.
    """
    centre = x.mean(0)
    level = float(centre.square().mean()) + constant
    variance = float((x - centre).square().mean())
    return CentredKernel(centre, level) if level > _OUTWEIGHED * variance else PlainKernel(constant)
