"""Coordinates in which every part of a law is smooth and of unit size, however sharp it is, wherever it ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from bench.exact.parts import Parts

_REACH = 300.0  # on a line x reaches e^300 scales: squares are finite
_SMALLEST, _NEAREST = 1e-300, 1e-200  # distance from an end of a point, and of the middle of a part
_ROUNDING = 2.0**-52


@dataclass(frozen=True)
class Charts:
    """One map t ↦ x for each of K parts, axis by axis.

    On an axis without ends, x = location + frame · sinh t, which turns algebraic tails into exponential ones; with one
    end, x = end ± scale · eᵗ, which does so for singular densities too; with two, x runs logistically from one to the
    other. A frame that mixes axes is there only where no axis has an end.

    Attributes:
        location: shape (K, d).
        frame: shape (K, d, d), lower triangular.
        low: lower ends, shape (K, d), −inf where there is none.
        high: upper ends, likewise.
        kinks: where the parts bend on each axis, shape (K, d), NaN where they do not.
        scale: shape (K, d): the size of frame on an axis without ends, distance of location from the one end, or
            distance between both.
    """

    location: Tensor
    frame: Tensor
    low: Tensor
    high: Tensor
    scale: Tensor
    kinks: Tensor

    @staticmethod
    def of(*laws: Parts) -> Charts:
        """The charts of all parts of some laws."""
        location, frame, low, high, kinks = (
            torch.cat([getattr(parts, name) for parts in laws])
            for name in ("location", "frame", "low", "high", "kinks")
        )
        below, above = low.isfinite(), high.isfinite()
        if bool((below | above | kinks.isfinite()).any()):  # ends are straight along the axes alone
            frame = torch.diag_embed(frame.square().sum(2).sqrt())
        width = frame.diagonal(dim1=1, dim2=2)
        one_end = torch.where(below, location - low, high - location).clamp(min=_NEAREST)
        scale = torch.where(below & above, high - low, torch.where(below | above, one_end, width))
        return Charts(location, frame, low, high, scale, kinks)

    def limits(self) -> tuple[Tensor, Tensor]:
        """The range of t on each axis, shape (K, d) each: as far as float64 can tell points apart."""
        below, above = self.low.isfinite(), self.high.isfinite()
        nearest_low = (_ROUNDING * self.low.abs()).clamp(min=_SMALLEST) / self.scale
        nearest_high = (_ROUNDING * self.high.abs()).clamp(min=_SMALLEST) / self.scale
        reach = torch.full_like(self.scale, _REACH)
        start = torch.where(below, nearest_low.log(), -reach)
        start = torch.where(above & ~below, nearest_high.log(), start)
        stop = torch.where(below & above, -nearest_high.log(), reach)
        return start.clamp(max=-1), stop.clamp(min=1)

    def points(self, owner: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """x, shape (n, d), and log |dx/dt|, shape (n,), of points t (n, d) in the charts of parts owner (n,)."""
        low, high, scale = self.low[owner], self.high[owner], self.scale[owner]
        below, above = low.isfinite(), high.isfinite()
        line = ~(below | above)
        u = torch.where(line, t, 0.0).sinh()
        frame, location = self.frame[owner], self.location[owner]
        x = torch.stack([location[:, i] + (frame[:, i, : i + 1] * u[:, : i + 1]).sum(1) for i in range(t.shape[1])], 1)
        log_slope = scale.log() + torch.where(line, _log_cosh(t), t)
        if bool(line.all()):
            return x, log_slope.sum(1)
        both, grown = below & above, scale * t.clamp(max=_REACH).exp()
        x = torch.where(below & ~above, low + grown, torch.where(above & ~below, high - grown, x))
        between = torch.where(t < 0, low + scale * torch.sigmoid(t), high - scale * torch.sigmoid(-t))
        log_slope = torch.where(both, scale.log() + F.logsigmoid(t) + F.logsigmoid(-t), log_slope)
        x = torch.where(both, between, x)
        inner = (
            torch.nextafter(low, torch.full_like(low, math.inf)),
            torch.nextafter(high, torch.full_like(high, -math.inf)),
        )
        return torch.where(line, x, torch.minimum(torch.maximum(x, inner[0]), inner[1])), log_slope.sum(1)

    def coordinates(self, owner: int, x: Tensor) -> Tensor:
        """t, shape (n, d), of points x (n, d) in one chart; NaN or infinite off its range."""
        low, high, scale = self.low[owner], self.high[owner], self.scale[owner]
        below, above = low.isfinite(), high.isfinite()
        u = torch.linalg.solve_triangular(self.frame[owner], (x - self.location[owner]).T, upper=False).T
        up, down = x - low, high - x
        one_end = (torch.where(below, up, down) / scale).log()
        return torch.where(below & above, up.log() - down.log(), torch.where(below | above, one_end, u.asinh()))

    def rates(self, owner: int, t: Tensor) -> Tensor:
        """∂x/∂t, shape (n, d, d), a column for each coordinate of t (n, d)."""
        low, high, scale = self.low[owner], self.high[owner], self.scale[owner]
        below, above = low.isfinite(), high.isfinite()
        one_end = torch.where(below & above, (F.logsigmoid(t) + F.logsigmoid(-t)).exp(), t.clamp(max=_REACH).exp())
        straight = torch.diag_embed(one_end * scale)
        stretched = self.frame[owner] * t.cosh()[:, None, :]
        return torch.where((below | above)[None, None, :], straight, stretched)


def _log_cosh(t: Tensor) -> Tensor:
    return t.abs() + torch.log1p((-2 * t.abs()).exp()) - math.log(2.0)
