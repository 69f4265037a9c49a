"""Which rows of a sample each critic of a cross-fit is fitted on, and which it leaves out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.folds import Pairs


@dataclass(frozen=True)
class Rows:
    """Rows of one sample, dealt into F folds that follow each other, for each of R critics.

    Attributes:
        fitted: rows that the critic is fitted on, in random order, shape (R, m).
        left_out: rows of the two folds that it leaves out, shape (R, 2, s).
    """

    fitted: Tensor
    left_out: Tensor

    def of(self, critics: Tensor) -> Rows:
        """The rows of some of the critics, by their numbers."""
        return Rows(self.fitted[critics], self.left_out[critics])


def choose_rows(pairs: Pairs, size: int, share: float = 1.0) -> Rows:
    """The rows of each critic where folds have `size` points.

    Args:
        pairs: the critics of the cross-fit.
        size: points of one fold, s.
        share: of each fold that critics are fitted on, how much is used. Points are dealt at random, so the first ones
            of a fold are a random part; what is left out stays the same, whatever the share.
    """
    used = max(1, int(share * size))
    within = torch.arange(size, device=pairs.left_out.device)
    # one point of each fold after the other, so that any stretch of rows holds all folds alike
    fitted = (pairs.fitted_on[:, None, :] * size + within[:used, None]).flatten(1)
    return Rows(fitted, pairs.left_out[:, :, None] * size + within)
