"""KID: the squared maximum mean discrepancy between features under a polynomial kernel (Bińkowski et al. 2018).

The kernel is k(x, y) = (xᵀy/d + 1)³. All pairs are used, not random subsets of them: the estimate is the unbiased
statistic of Gretton et al. 2012 (eq. 3), which has the least variance of those that the sets allow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.metrics.features.cubic import Kernel, choose_kernel
from bench.metrics.features.pairs import PairMetric, as_pair, require_range
from bench.metrics.samples import Samples

_BLOCK = 2**19  # kernel values at a time: more than a cache holds takes longer, however much memory there is
_LARGEST = 2.0**80  # features whose kernel values have squares that float64 holds


@dataclass(frozen=True)
class Within:
    """Kernel values between the points of one set, those of a point with itself left out.

    Attributes:
        means: of each point with the others, shape (n,), float64.
        square: mean of their squares.
        kernel: which form of the kernel.
    """

    means: Tensor
    square: float
    kernel: Kernel


@dataclass(frozen=True)
class KernelDistanceResult:
    """An estimated squared maximum mean discrepancy.

    Attributes:
        value: the unbiased estimate, which is negative about every second time where both laws are equal.
        stderr: its standard error, from the sampling of both sides; where both laws are equal it is too large by up to
            a fifth, since a variance is not taken to be negative.
    """

    value: float
    stderr: float


@dataclass(frozen=True)
class Discrepancy:
    """Mean kernel values of pairs, and what they say of two laws.

    Attributes:
        inner_x: of two different points of one set.
        inner_y: of two different points of the other.
        cross: of a point of each.
        stderr: standard error of the unbiased estimate.
    """

    inner_x: float
    inner_y: float
    cross: float
    stderr: float

    @property
    def unbiased(self) -> float:
        """The unbiased estimate of the squared maximum mean discrepancy."""
        return self.inner_x + self.inner_y - 2 * self.cross


class KernelDistance(PairMetric):
    """KID from batches of features; it is not scaled by 1,000."""

    higher_is_better = False

    def compute(self) -> dict[str, Tensor]:
        """`kid` and `kid_se`, float64 scalars.

        Raises:
            ArgumentError: if a side has fewer than two features, or dimensions differ.
        """
        result = kernel_distance(*self.sides())
        return self.as_scalars("kid", result.value, result.stderr)


def kernel_distance(x: Samples, y: Samples) -> KernelDistanceResult:
    """Squared maximum mean discrepancy between the laws of two sets of features; it is not scaled by 1,000.

    Args:
        x: features of one set, shape (n, d); points are their own features.
        y: features of the other, shape (m, d).

    Raises:
        ArgumentError: if a set has fewer than two points, dimensions differ, a value is not finite, or the distance is
            more than float64 holds.
    """
    first, second = as_pair(x, y, at_least=2)
    return estimate_discrepancy(first, compare_within(first), second)


def estimate_discrepancy(x: Tensor, inside: Within, y: Tensor) -> KernelDistanceResult:
    """The estimate and its standard error.

    By Hoeffding's decomposition the variance is 4ζ_x/n + 4ζ_y/m + 2σ²_xx/n² + 2σ²_yy/m² + 4σ²_xy/(nm) up to higher
    orders, where ζ is the variance over a point of its mean kernel value with its own side less that with the other,
    and σ² the variance of what of the kernel remains once the means over each argument are taken off (Sutherland et al.
    2017 for n = m). The variance of the estimated means exceeds ζ_x by σ²_xx/n + σ²_xy/m, which is taken off.

    Args:
        x: shape (n, d), float64, n ≥ 2.
        inside: `compare_within(x)`.
        y: shape (m, d), m ≥ 2.

    Raises:
        ArgumentError: if it is more than float64 holds.
    """
    largest = max(float(x.abs().max()), float(y.abs().max()))
    if largest <= _LARGEST:
        return _estimate(x, inside, y)
    unit = math.ldexp(1.0, min(math.frexp(largest)[1], 1023))
    x, y = x / unit, y / unit
    found = _estimate(x, compare_within(x, choose_kernel(x, 1 / unit / unit)), y)
    sizes = (math.prod((size, *[unit] * 6)) for size in (found.value, found.stderr))
    value, stderr = (require_range(size, "kernel distance") for size in sizes)
    return KernelDistanceResult(value, stderr)


def _estimate(x: Tensor, inside: Within, y: Tensor) -> KernelDistanceResult:
    found = compare_sets(x, inside, y)
    return KernelDistanceResult(found.unbiased, found.stderr)


def compare_sets(x: Tensor, inside: Within, y: Tensor) -> Discrepancy:
    """What `estimate_discrepancy` makes its estimate of, by the kernel of `inside`, whatever that is."""
    n, m = len(x), len(y)
    other = compare_within(y, inside.kernel)
    rows, columns, square = _compare_between(x, y, inside.kernel)
    inner_x, inner_y, cross = float(inside.means.mean()), float(other.means.mean()), float(rows.mean())
    noise_x = _estimate_remainder(inside.square, inside.means, inside.means, inner_x)
    noise_y = _estimate_remainder(other.square, other.means, other.means, inner_y)
    noise_xy = _estimate_remainder(square, rows, columns, cross)
    first_x = max(0.0, float((inside.means - rows).var()) - noise_x / n - noise_xy / m)
    first_y = max(0.0, float((other.means - columns).var()) - noise_y / m - noise_xy / n)
    first = 4 * first_x / n + 4 * first_y / m
    second = 2 * noise_x / n**2 + 2 * noise_y / m**2 + 4 * noise_xy / (n * m)
    return Discrepancy(inner_x, inner_y, cross, math.sqrt(first + second))


def compare_within(x: Tensor, kernel: Kernel | None = None) -> Within:
    """Kernel values between the points of one set, shape (n, d) in float64, n ≥ 2, in blocks.

    Args:
        x: the points.
        kernel: the form of the kernel; the one that suits x if not given.
    """
    kernel = choose_kernel(x) if kernel is None else kernel
    n, sides = len(x), kernel.place(x)
    sums, square = x.new_zeros(n), 0.0
    rows = max(1, _BLOCK // n)
    for start in range(0, n, rows):
        values = kernel.compare(sides.cut(start, start + rows), sides.cut(start, n))  # the rest is known by symmetry
        values.fill_diagonal_(0)
        height = len(values)
        sums[start : start + height] += values.sum(1)
        sums[start + height :] += values[:, height:].sum(0)
        own = values[:, :height]
        square += 2 * _square(values) - float(own.square().sum())
    return Within(sums / (n - 1), square / (n * (n - 1)), kernel)


def _compare_between(x: Tensor, y: Tensor, kernel: Kernel) -> tuple[Tensor, Tensor, float]:
    """Mean kernel values of each x with y (n,) and of each y with x (m,), and the mean of all squares, in blocks."""
    first, second = kernel.place(x), kernel.place(y)
    rows, columns, square = [], y.new_zeros(len(y)), 0.0
    step = max(1, _BLOCK // len(y))
    for start in range(0, len(x), step):
        values = kernel.compare(first.cut(start, start + step), second)
        rows.append(values.mean(1))
        columns += values.sum(0)
        square += _square(values)
    return torch.cat(rows), columns / len(x), square / (len(x) * len(y))


def _square(values: Tensor) -> float:
    flat = values.flatten()
    return float(torch.dot(flat, flat))


def _estimate_remainder(square: float, rows: Tensor, columns: Tensor, mean: float) -> float:
    """Variance of k(x, y) − E_y k(x, y) − E_x k(x, y), from the mean of k² and from means over one argument."""
    return max(0.0, square - float(rows.square().mean()) - float(columns.square().mean()) + mean**2)
