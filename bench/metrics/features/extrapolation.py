"""FID∞: the Fréchet distance with its bias from finitely many examples taken away (Chong and Forsyth 2020).

The Fréchet distance of n examples of each side has the expectation FID∞ + c/n + O(1/n²), c > 0 depending on both laws.
Chong and Forsyth let the number of generated examples alone vary, and fit a line to 15 distances of random subsets.
Here both sides shrink together, in n and m alike, so what is extrapolated to is the distance between both laws' own
moments. There are two sizes: all examples, and all but one of G groups, the same share of each side. The line through
(1/n, FID) and the mean of the G distances at G/((G − 1)n), at 1/n = 0, is the delete-a-group jackknife

    FID∞ = G · FID − (G − 1) · mean_g FID₋g,   variance (G − 1)/G · Σ_g (FID₋g − mean)²

(Shao and Tu 1995, The Jackknife and Bootstrap). It uses every example at both sizes: where both laws are equal it has
about half the noise of a line through random subsets of n/10 to n, and its sizes are near n, where terms of 1/n² matter
least.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.errors import ArgumentError
from bench.metrics.features.frechet import matrix_root
from bench.metrics.features.pairs import as_pair, require_range, share_unit
from bench.metrics.samples import Samples

GROUPS = 20
GROUPS_IN_HIGH_DIMENSION = 10
"""Beyond `HIGH_DIMENSION`, where each distance takes seconds on a CPU."""
HIGH_DIMENSION = 512
_LEAST_IN_A_GROUP = 5
_LEAST_PER_DIMENSION = 2  # with fewer a covariance is nearly singular, and its root no smooth function of 1/n

Moments = tuple[Tensor, Tensor, Tensor]
"""Mean (d,), trace of the covariance and its root (d, d) of what is left without a group."""


@dataclass(frozen=True)
class Extrapolated:
    """A distance extrapolated to infinitely many examples.

    Attributes:
        value: in squared units of the features; it can be negative, as every unbiased estimate of zero can.
        stderr: its standard error, from the sampling of both sides; where both laws are nearly equal it is too large,
            by up to a factor of √2.
    """

    value: float
    stderr: float


def frechet_infinity(x: Samples, y: Samples) -> Extrapolated:
    """Fréchet distance between the laws of two sets of features, free of the bias of finite sets to first order.

    Args:
        x: features of one set, shape (n, d); points are their own features.
        y: features of the other, shape (m, d).

    Raises:
        ArgumentError: if dimensions differ, a value is not finite, the distance is more than float64 holds, or a set is
            too small: fewer than 100 examples, or than 2d without a group.
    """
    first, second, unit = share_unit(*as_pair(x, y, at_least=2))
    if not is_enough(*first.shape) or not is_enough(*second.shape):
        raise ArgumentError(
            f"FID∞: {len(first)} and {len(second)} examples in {first.shape[1]} dimensions; expected at least "
            f"{count_needed(first.shape[1])} of each"
        )
    limit = extrapolate(leave_out(first), second)
    value, stderr = (require_range(size * unit * unit, "FID∞") for size in (limit.value, limit.stderr))
    return Extrapolated(value, stderr)


def count_needed(size: int) -> int:
    """How many examples FID∞ needs in `size` dimensions."""
    groups = _deal_groups(size)
    return max(groups * _LEAST_IN_A_GROUP, math.ceil(_LEAST_PER_DIMENSION * size * groups / (groups - 1)))


def is_enough(n: int, size: int) -> bool:
    """Whether n examples in `size` dimensions are enough."""
    return n >= count_needed(size)


def leave_out(points: Tensor) -> tuple[Moments, ...]:
    """Moments and roots of all points, shape (n, d), and of those without each group: what `extrapolate` wants."""
    return tuple((mean, covariance.trace(), matrix_root(covariance)) for mean, covariance in _moments(points, side=0))


def extrapolate(real: Sequence[Moments], generated: Tensor) -> Extrapolated:
    """FID∞ from `leave_out` of one side and the points of the other, shape (m, d)."""
    pairs = zip(real, _moments(generated, side=1), strict=True)
    whole, *parts = [float(_distance(one, mean, covariance)) for one, (mean, covariance) in pairs]
    groups = len(parts)
    average = math.fsum(parts) / groups
    variance = (groups - 1) / groups * math.fsum((part - average) ** 2 for part in parts)
    return Extrapolated(groups * whole - (groups - 1) * average, math.sqrt(variance))


def _deal_groups(size: int) -> int:
    return GROUPS if size <= HIGH_DIMENSION else GROUPS_IN_HIGH_DIMENSION


def _moments(points: Tensor, side: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Mean and covariance of all points and of those without each group, from sums over the groups.

    Groups are random, for files are often sorted, and always the same on a side; those of the sides are unrelated, for
    both sets may be sorted alike.
    """
    centre = points.mean(0)
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(side)).to(points.device)
    groups = [points[chosen] - centre for chosen in torch.tensor_split(order, _deal_groups(points.shape[1]))]
    total = torch.zeros_like(centre)
    outer = torch.zeros_like(centre).expand(len(centre), -1).clone()
    for group in groups:
        total += group.sum(0)
        outer += group.T @ group
    yield _covariance(len(points), total, outer, centre)
    for group in groups:
        yield _covariance(len(points) - len(group), total - group.sum(0), outer - group.T @ group, centre)


def _covariance(n: int, total: Tensor, outer: Tensor, centre: Tensor) -> tuple[Tensor, Tensor]:
    mean = total / n
    return mean + centre, (outer - n * torch.outer(mean, mean)) / (n - 1)


def _distance(first: Moments, mean: Tensor, covariance: Tensor) -> Tensor:
    """Fréchet distance from one root alone: differences of these distances are taken, so all are made alike.

    Eigenvalues beyond the numerical rank are rounding, hence zero.
    """
    own_mean, own_trace, root = first
    values = torch.linalg.eigvalsh(root @ covariance @ root)
    rounding = len(values) * torch.finfo(values.dtype).eps * values[-1]
    roots = torch.where(values > rounding, values, 0).sqrt().sum()
    distance: Tensor = (own_mean - mean).square().sum() + own_trace + covariance.trace() - 2 * roots
    return distance
