"""Points on a line that know how far they are from where laws end or peak, to a relative error of rounding."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_PLAIN = 600.0  # |log offset| up to which the offset itself neither overflows nor underflows


@dataclass(frozen=True)
class Points:
    """x = anchor + offset, never added up: what is left of Beta(.1, .1) above 1 − 1e-16 is 2 % of it.

    All of one shape, or of shapes that broadcast to (K, n), a row for each part of a law.

    Attributes:
        anchor: a point that is known exactly, such as the end of a support.
        offset: signed distance from there; 0 or infinite where float64 has no number for it.
        log_offset: log of its size, never rounded to nothing.
        side: its sign; 0 at the anchor itself.
    """

    anchor: Tensor
    offset: Tensor
    log_offset: Tensor
    side: Tensor

    @staticmethod
    def at(x: Tensor) -> Points:
        """Plain numbers."""
        return Points(x, torch.zeros_like(x), torch.full_like(x, -math.inf), torch.zeros_like(x))

    @staticmethod
    def beside(anchor: Tensor, log_offset: Tensor, side: Tensor) -> Points:
        """At e^log_offset from the anchor, on one side of it."""
        return Points(anchor, side * log_offset.exp(), log_offset, side)

    @property
    def x(self) -> Tensor:
        """As plain numbers, rounded."""
        return self.anchor + self.offset

    def minus(self, c: Tensor) -> Tensor:
        """Distance x − c."""
        return (self.anchor - c) + self.offset

    def between(self, low: Tensor, high: Tensor) -> Tensor:
        """Whether low < x < high."""
        return (self._side_of(low) > 0) & (self._side_of(high) < 0)

    def _side_of(self, c: Tensor) -> Tensor:
        gap = self.anchor - c
        return torch.where(c.isinf(), -c, torch.where(gap == 0, self.side, gap + self.offset))

    def log_minus(self, c: Tensor) -> Tensor:
        """Log |x − c|."""
        gap = self.anchor - c
        plain = (gap + self.offset).abs().log()
        log_gap = gap.abs().log()
        larger, smaller = torch.maximum(log_gap, self.log_offset), torch.minimum(log_gap, self.log_offset)
        rest = torch.where(gap * self.side > 0, 1.0, -1.0) * (smaller - larger).exp()
        distance = torch.where(self.log_offset.abs() < _PLAIN, plain, larger + torch.log1p(rest))
        return torch.where(gap == 0, self.log_offset, torch.where(self.log_offset == -math.inf, plain, distance))

    def log_over(self, c: Tensor, log_c: Tensor | None = None) -> Tensor:
        """Log x/c for x, c > 0, without cancellation near c."""
        near = self.minus(c) / c
        far = self.log_minus(torch.zeros_like(c)) - (c.log() if log_c is None else log_c)
        return torch.where(near.abs() < 0.5, torch.log1p(near), far)
