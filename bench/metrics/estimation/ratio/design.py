"""What is fixed before critics are fitted: folds, rows and coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.coordinates import (
    Coordinates,
    Scale,
    ScaledPoints,
    compute_heavy_quantile,
    compute_normal_quantile,
    map_marginals,
    measure_scale,
    store,
)
from bench.metrics.estimation.ratio.folds import Pairs, deal, leave_pairs_out
from bench.metrics.estimation.ratio.rows import Rows, choose_rows

FOLDS = 5
_ALL_PAIRS_UP_TO = 256  # dimensions
_LINEAR_WITHIN = 4.0  # standard units; beyond, a coordinate grows like its logarithm
MARGINALS_UP_TO = 128
"""Dimensions up to which coordinates are given marginals: stored for each critic, they take memory."""
_TAILS_BEGIN = 10.0  # the same for the moments of closed forms

Both = tuple[Coordinates, Coordinates]
"""Coordinates of P's points and of Q's."""


@dataclass(frozen=True)
class Design:
    """Two samples dealt into folds, and the ways in which critics may see them.

    Attributes:
        p: points of P, fold after fold, shape (F s, d).
        q: points of Q, shape (F t, d).
        pairs: the critics of the cross-fit.
        rows_p: which points of P each critic is fitted on and leaves out.
        rows_q: likewise for Q.
    """

    p: Tensor
    q: Tensor
    pairs: Pairs
    rows_p: Rows
    rows_q: Rows

    @property
    def dimensions(self) -> int:
        """D."""
        return self.p.shape[1]

    @cached_property
    def scale(self) -> Scale:
        """Centres and widths of standard units, for each critic."""
        return measure_scale(self.p, self.q, self.rows_p.fitted, self.rows_q.fitted)

    @cached_property
    def robust(self) -> Both:
        """Standard units with logarithmic tails."""
        return self._scale_and_store(_LINEAR_WITHIN)

    @cached_property
    def nearly_linear(self) -> Both:
        """Standard units whose tails begin far out, for moments."""
        return self._scale(_TAILS_BEGIN)

    @cached_property
    def linear(self) -> Both:
        """Standard units."""
        return self._scale_and_store(math.inf)

    @cached_property
    def normal(self) -> Both:
        """Marginally normal."""
        return self._marginals[0]

    @cached_property
    def heavy(self) -> Both:
        """Marginally Student's t with two degrees of freedom."""
        return self._marginals[1]

    @cached_property
    def _marginals(self) -> list[Both]:
        quantiles = compute_normal_quantile, compute_heavy_quantile
        return list(map_marginals(self.p, self.q, self.rows_p.fitted, self.rows_q.fitted, quantiles))

    def _scale_and_store(self, limit: float) -> Both:
        of_p, of_q = self._scale(limit)
        return store(of_p), store(of_q)

    def _scale(self, limit: float) -> tuple[ScaledPoints, ScaledPoints]:
        return ScaledPoints(self.p, self.scale, limit), ScaledPoints(self.q, self.scale, limit)


def make_design(x: Tensor, y: Tensor, generator: torch.Generator, *, every_pair: bool = True) -> Design:
    """Deal points into folds.

    Args:
        x: points of P, shape (n, d).
        y: points of Q, shape (m, d).
        generator: deals.
        every_pair: whether there is a critic for every pair of folds, so that four judge each point, or half as many;
            in many dimensions there is never one for every pair.
    """
    p, q = (deal(points, FOLDS, generator) for points in (x, y))
    pairs = leave_pairs_out(FOLDS, x.device, every=every_pair and x.shape[1] <= _ALL_PAIRS_UP_TO)
    return Design(
        p=p.flatten(0, 1),
        q=q.flatten(0, 1),
        pairs=pairs,
        rows_p=choose_rows(pairs, p.shape[1]),
        rows_q=choose_rows(pairs, q.shape[1]),
    )


def halve(design: Design) -> Design:
    """The same folds, each judged by two critics alone, which are fitted on half of the points of theirs."""
    pairs = leave_pairs_out(design.pairs.folds, design.p.device, every=False)
    sizes = (len(points) // pairs.folds for points in (design.p, design.q))
    rows_p, rows_q = (choose_rows(pairs, size, share=0.5) for size in sizes)
    return Design(design.p, design.q, pairs, rows_p, rows_q)
