"""MMD: the squared maximum mean discrepancy between points, as Song & Ermon 2020 take it in the plane.

The kernel is k(x, y) = exp(−(‖x − y‖/d)²) in d dimensions, and the estimate the biased one, ‖mean embedding of x − that
of y‖² (Gretton et al. 2012, eq. 5): that is how their published notebook computes what their table 1 prints.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.column import Column
from bench.errors import ArgumentError
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import choose_reference_subset, draw_samples
from bench.metrics.features.cubic import Side
from bench.metrics.features.kernel import Discrepancy, compare_sets, compare_within
from bench.metrics.features.pairs import PairMetric, as_pair
from bench.metrics.samples import Samples

_NEGLIGIBLE = -700.0  # exponentials that underflow are ten times as slow

COLUMNS = (
    Column(
        "mmd", "MMD²", "Squared maximum mean discrepancy of generated from test points, kernel exp(−(distance/d)²) in "
        "d dimensions: the biased estimate of Song & Ermon 2020, which is above 0 for a perfect model too, not scaled "
        "by 1,000. Depends on the number of points.", "Samples", better="lower", lower=0.0, order=2,
        settings=(("mmd_n", "n"),), headline="page",
    ),
    Column("mmd_n", "MMD n", "Points on each side that MMD² compares.", "Samples", lower=2.0, order=3, fixed=True,
           printed=False),
)  # fmt: skip


@dataclass(frozen=True)
class MMDResult:
    """A squared maximum mean discrepancy.

    Attributes:
        value: the biased estimate, at least 0. Where both laws are equal its mean is (1 − E k(x, x'))(1/n + 1/m).
        stderr: its standard error from the sampling of both sides, which is that of the unbiased one to order n^−3/2.
    """

    value: float
    stderr: float


@dataclass(frozen=True)
class GaussianKernel:
    """k(x, y) = exp(−(‖x − y‖/width)²).

    Attributes:
        width: the distance at which it has fallen to 1/e.
    """

    width: float

    def place(self, points: Tensor) -> Side:
        """The points."""
        return Side(points, points[:, 0])

    def compare(self, x: Side, y: Side) -> Tensor:
        """Kernel values, shape (n, m), from differences: nothing cancels far from the origin."""
        distances = torch.cdist(x.points, y.points, compute_mode="donot_use_mm_for_euclid_dist")
        return distances.div_(self.width).square_().neg_().clamp_(min=_NEGLIGIBLE).exp_()


class MaximumMeanDiscrepancy(PairMetric):
    """MMD from batches of points; it is not scaled by 1,000."""

    higher_is_better = False

    def compute(self) -> dict[str, Tensor]:
        """`mmd` and `mmd_se`, float64 scalars.

        Raises:
            ArgumentError: if a side has fewer than two points, or dimensions differ.
        """
        result = maximum_mean_discrepancy(*self.sides())
        return self.as_scalars("mmd", result.value, result.stderr)


@torch.no_grad()
def maximum_mean_discrepancy(x: Samples, y: Samples) -> MMDResult:
    """Squared maximum mean discrepancy between the laws of two sets of points, biased, not scaled by 1,000.

    Args:
        x: points of one set, shape (n, d).
        y: points of the other, shape (m, d).

    Raises:
        ArgumentError: if a set has fewer than two points, dimensions differ, or a value is not finite.
    """
    first, second = as_pair(x, y, at_least=2)
    found = compare_sets(first, compare_within(first, GaussianKernel(first.shape[1])), second)
    return MMDResult(max(0.0, _biased(found, len(first), len(second))), found.stderr)


def _biased(found: Discrepancy, n: int, m: int) -> float:
    """With pairs of a point with itself, whose kernel value is 1."""
    return found.unbiased + (1 - found.inner_x) / n + (1 - found.inner_y) / m


@register_metric("mmd", version=1, columns=COLUMNS)
def mmd(subject: Subject) -> dict[str, float]:
    """Squared MMD of generated from test points under a Gaussian kernel, biased, not scaled by 1,000.

    Nothing on images. Columns `mmd`, `mmd_se` and `mmd_n`, the number on each side: min(test examples,
    `subject.samples`).

    Raises:
        ArgumentError: if n < 2 or a sample is not finite.
    """
    data = subject.data
    if data.is_image:
        return {}
    n = min(len(data.test), subject.samples)
    if n < 2:
        raise ArgumentError(f"mmd: {n} examples of each side; expected at least 2; raise evaluation.samples")
    test = data.test[choose_reference_subset(len(data.test), n).to(data.test.device)]
    result = maximum_mean_discrepancy(test, draw_samples(subject, n, "mmd"))
    return {"mmd": result.value, "mmd_se": result.stderr, "mmd_n": float(n)}
