"""Two samples as estimators take them: rows of float32 that keep what float64 tells apart, wherever the data lies.

An f-divergence does not change when both samples are moved and stretched alike. So both are centred, column by column,
and scaled, in float64, before they are rounded: float32 keeps seven digits of a number, which must not be spent on
where the data lies, and holds none beyond 1e38.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from bench.errors import ArgumentError
from bench.metrics.checks import require_finite
from bench.metrics.ranges import choose_unit
from bench.metrics.samples import Samples, as_tensor

MIN_POINTS = 100

Scaling = Literal["columns", "common"]
"""Whether every column is brought to a scale of its own, or all to a common one, which keeps ratios of distances."""

_MEASURED = 1024  # points of each sample, for medians and quartiles
_NORMAL_QUARTILES = 1.349  # distance between the quartiles of a standard normal
_NARROWEST = 2.0**-50  # of the farthest value: nothing is scaled beyond 1e15, whose square float32 holds
_CHUNK = 2**22  # numbers that are in float64 at once


@dataclass(frozen=True)
class Frame:
    """Where both samples lie: u = (x / unit − centre) / scale.

    Attributes:
        unit: powers of two, 1 for ordinary numbers, shape (d,), float64; division by them is exact.
        centre: medians, shape (d,), float64.
        scale: positive, shape (d,), float64.
    """

    unit: Tensor
    centre: Tensor
    scale: Tensor

    def place(self, points: Tensor, noise: Tensor | None = None, spread: float = 0.0) -> Tensor:
        """The points with `spread` times the noise, both in the users' units, in the frame's: (n, d), float32."""
        placed = torch.empty(points.shape, device=points.device)
        for start in range(0, len(points), max(1, _CHUNK // points.shape[1])):
            rows = slice(start, start + max(1, _CHUNK // points.shape[1]))
            deviations = points[rows].double() / self.unit - self.centre
            if noise is not None:
                deviations += noise[rows].double() * (spread / self.unit)
            placed[rows] = deviations / self.scale
        return placed


def read_points(x: Samples, y: Samples) -> tuple[Tensor, Tensor]:
    """Both samples as finite rows of one dimension, of their own types, shapes (n, d) and (m, d), on the device of x.

    Raises:
        ArgumentError: if a sample is not one of at least `MIN_POINTS` finite points, or dimensions differ.
    """
    p, q = _read(x, "x"), _read(y, "y")
    if p.shape[1] != q.shape[1]:
        found = f"x has {p.shape[1]} dimensions and y {q.shape[1]}"
        raise ArgumentError(f"estimate_divergences: {found}; expected the same")
    return p, q.to(p.device)


def read_spread(spread: object) -> float:
    """A finite standard deviation of at least 0.

    Raises:
        ArgumentError: if it is none.
    """
    try:
        found = math.nan if isinstance(spread, str) else float(spread)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        found = math.nan
    if not 0 <= found < math.inf:
        raise ArgumentError(f"estimate_divergences: found spread {spread!r}; expected a number of at least 0")
    return found


def fit_frame(p: Tensor, q: Tensor, scaling: Scaling, spread: float = 0.0) -> Frame:
    """The frame of both samples taken together, by medians and quartiles of equally many points of each.

    Args:
        p: points of P, shape (n, d), of any real type.
        q: points of Q, shape (m, d).
        scaling: with "common", columns narrower than 1e-15 of the widest are stretched to that.
        spread: standard deviation of the noise that will be added.
    """
    low, high = _measure_range(p, q)
    farthest = torch.maximum(high.abs(), low.abs()).clamp(min=spread)
    sizes = farthest if scaling == "columns" else farthest.amax(0, keepdim=True)
    unit = low.new_tensor([choose_unit(size) for size in sizes.tolist()]).expand_as(low)
    each = min(len(p), len(q), _MEASURED)
    few = torch.cat([points[:: len(points) // each][:each].double() for points in (p, q)]) / unit
    centre, width = _measure_scale(few)
    reach = torch.maximum(high / unit - centre, centre - low / unit)
    width = torch.where(width > 0, width, reach)  # a column that is constant but for values that were not measured
    scale = torch.maximum(torch.hypot(width, spread / unit), _NARROWEST * reach)
    scale = torch.where(scale > 0, scale, 1.0)
    return Frame(unit, centre, _unite(scale, reach) if scaling == "common" else scale)


def _unite(scale: Tensor, reach: Tensor) -> Tensor:
    """The scale of the widest column as a power of two, so that what is in range now stays as it is, up to the unit."""
    varying = scale[reach > 0]
    if len(varying) == 0:
        return torch.ones_like(scale)
    common = 2.0 ** torch.frexp(varying.max()).exponent.double()
    needed = scale / (common * _NARROWEST)
    return common * torch.where(needed < 1, 2.0 ** torch.frexp(needed).exponent.double(), 1.0)


def _measure_range(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """The least and the largest value of each column, shape (d,), float64."""
    low = torch.minimum(p.amin(0).double(), q.amin(0).double())
    return low, torch.maximum(p.amax(0).double(), q.amax(0).double())


def _measure_scale(points: Tensor) -> tuple[Tensor, Tensor]:
    """Median and normal-consistent distance of the quartiles of columns; the deviation where these coincide."""
    ordered = points.sort(0).values
    n = len(points)
    low, median, high = (ordered[int(share * (n - 1))] for share in (0.25, 0.5, 0.75))
    width = (high - low) / _NORMAL_QUARTILES
    return median, torch.where(width > 0, width, points.std(0))


def _read(values: Samples, what: str) -> Tensor:
    rows = as_tensor(values, f"estimate_divergences: {what}")
    if rows.ndim == 0 or len(rows) < MIN_POINTS:
        found = len(rows) if rows.ndim else 0
        raise ArgumentError(f"estimate_divergences: {what} has {found} points; expected at least {MIN_POINTS}")
    if rows[0].numel() == 0:
        raise ArgumentError(f"estimate_divergences: {what} has shape {tuple(rows.shape)}; expected points in (n, d)")
    require_finite(rows, f"estimate_divergences: {what}")
    return rows.reshape(len(rows), -1)
