"""Laws on a line: where they end, where they peak or bend, and their log density at points that know it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.distributions import Distribution

from bench.exact.points import Points

Density = Callable[[Points], Tensor]


@dataclass(frozen=True)
class Line:
    """K parts of a law on a line, all float64.

    Attributes:
        log_weight: shape (K,), −inf for a part of weight 0.
        low: lower ends of their supports, shape (K, 1), −inf where there is none.
        high: upper ends, likewise.
        marks: points between which each is smooth, and at which it may be narrow, shape (K, m).
        width: how wide they are about, shape (K, 1).
        inside: points ↦ log density of every part, shape (K, n), right on its support.
        exact: whether it is as exact at any distance from an end or a mark as at any other.
        bends: whether a density has a kink at a mark.
        rounded: whether its ends are images of ends, wrong by a rounding.
    """

    log_weight: Tensor
    low: Tensor
    high: Tensor
    marks: Tensor
    width: Tensor
    inside: Density
    exact: bool = True
    bends: bool = False
    rounded: bool = False

    @property
    def special(self) -> Tensor:
        """Ends and marks, shape (K, m + 2)."""
        return torch.cat([self.low, self.marks, self.high], 1)

    def each(self, points: Points) -> Tensor:
        """Log densities of all parts, shape (K, n), −inf off their supports."""
        density = self.inside(points)
        if not bool((self.low.isfinite() | self.high.isfinite()).any()):
            return density
        return torch.where(points.between(self.low, self.high), density, -math.inf)

    def log_density(self, points: Points) -> Tensor:
        """Log density of the law, shape (n,)."""
        each = self.each(points)
        return each[0] + self.log_weight if len(each) == 1 else torch.logsumexp(each + self.log_weight[:, None], 0)

    def present(self, low: Tensor, high: Tensor) -> Tensor:
        """Whether a part's support covers [low, high], shape (n,)."""
        covers = (self.low <= low) & (self.high >= high) & (self.log_weight[:, None] > -math.inf)
        return covers.any(0)

    def weighed(self, log_weight: Tensor) -> Line:
        """The same parts with other weights."""
        return replace(self, log_weight=log_weight)

    def cuts(self) -> tuple[Tensor, Tensor]:
        """Points where to cut the line, and how near another may be that makes up for them: 0 for ends and kinks."""
        kept = self.log_weight > -math.inf
        special, width = self.special[kept], self.width[kept]
        spare = (0.0 if self.bends else width) * torch.ones_like(special)
        spare[:, [0, -1]] = 0.0
        known = special.isfinite()
        return special[known], spare[known]


def columns(law: Distribution, *names: str) -> tuple[Tensor, ...]:
    """Parameters of a batch of K laws, shape (K, 1) each."""
    shape = law.batch_shape
    found = (torch.as_tensor(getattr(law, name), dtype=torch.float64) for name in names)
    return tuple(value.expand(shape).reshape(-1, 1) for value in found)


def line(
    density: Density, marks: Tensor, width: Tensor, low: Tensor | float = -math.inf, high: Tensor | float = math.inf
) -> Line:
    """K parts of equal weight 1, to be weighed; marks off the support are dropped."""
    low, high = (torch.as_tensor(end, dtype=torch.float64).expand(len(marks), 1) for end in (low, high))
    kept = torch.where((marks > low) & (marks < high) & marks.isfinite(), marks, math.nan)
    zeros = torch.zeros(len(marks), dtype=torch.float64)
    tiny = torch.finfo(torch.float64).tiny
    return Line(zeros, low, high, kept, width.expand(len(marks), 1).clamp(tiny, 1e300), density)
