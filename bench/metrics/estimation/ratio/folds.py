"""Nested cross-fitting: which points a critic is fitted on, validated on and evaluated on.

The points are dealt into F folds. One critic is fitted for each pair {j, k} of folds, on the points of all *other*
folds. It serves twice: fold j validates it for its evaluation on fold k, and fold k for its evaluation on fold j. So
every fold is evaluated by several critics that have not seen it, and every choice made for it (early stopping,
capacity, stacking) rests on folds other than itself. Given those, the points of a fold are independent of its critics.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Pairs:
    """Critics of a nested cross-fit, one for each left-out pair of folds.

    R is the number of critics, F of folds, M of critics that evaluate one fold.

    Attributes:
        folds: F.
        left_out: the two folds that each critic does not see, shape (R, 2).
        fitted_on: the folds that each critic is fitted on, shape (R, F − 2).
        critic: for each fold, the critics that evaluate it, shape (F, M).
        side: for each of these, which of its two left-out folds the evaluated one is, 0 or 1, shape (F, M).
    """

    folds: int
    left_out: Tensor
    fitted_on: Tensor
    critic: Tensor
    side: Tensor

    @property
    def critics(self) -> int:
        """R, the number of critics."""
        return len(self.left_out)

    def by_fold(self, p: Tensor, q: Tensor) -> Predictions:
        """Sort by fold what critics say of the points that they leave out: P, shape (R, 2, s), and Q, (R, 2, t)."""
        return Predictions(
            evaluation_p=p[self.critic, self.side],
            evaluation_q=q[self.critic, self.side],
            validation_p=p[self.critic, 1 - self.side],
            validation_q=q[self.critic, 1 - self.side],
        )


@dataclass(frozen=True)
class Predictions:
    """What the M critics of each fold say of points that they are not fitted on.

    Attributes:
        evaluation_p: v at the fold's own points of P, shape (F, M, s).
        evaluation_q: v at the fold's own points of Q, shape (F, M, t).
        validation_p: v of each critic at points of P of the other fold that it leaves out, shape (F, M, s).
        validation_q: likewise for Q, shape (F, M, t).
    """

    evaluation_p: Tensor
    evaluation_q: Tensor
    validation_p: Tensor
    validation_q: Tensor

    @property
    def loss(self) -> Tensor:
        """Logistic loss in validation, shape (F,): all that choices for a fold may look at."""
        return logistic_loss(self.validation_p, self.validation_q).mean(-1)

    def where(self, folds: Tensor, other: Predictions) -> Predictions:
        """These in the folds, shape (F,), that are true; the other ones elsewhere."""
        chosen = folds[:, None, None]
        return Predictions(
            *(torch.where(chosen, getattr(self, f.name), getattr(other, f.name)) for f in fields(Predictions))
        )


def logistic_loss(v_p: Tensor, v_q: Tensor) -> Tensor:
    """Mean of log(1 + e⁻ᵛ) over P plus that of log(1 + eᵛ) over Q, along the last dimension.

    A strictly proper loss: the log-ratio alone minimises it in expectation, whatever the sizes of the samples.
    """
    return F.softplus(-v_p).mean(-1) + F.softplus(v_q).mean(-1)


def leave_pairs_out(folds: int, device: torch.device, *, every: bool = True) -> Pairs:
    """The pairs of folds to leave out.

    Args:
        folds: F, at least 3.
        device: where the index tensors live.
        every: all F(F − 1)/2 pairs, so that M = F − 1; otherwise only neighbours on a circle: F pairs and M = 2.
    """
    pairs = list(itertools.combinations(range(folds), 2)) if every else [(k, (k + 1) % folds) for k in range(folds)]
    rest = [[k for k in range(folds) if k not in pair] for pair in pairs]
    members = [[(r, pair.index(k)) for r, pair in enumerate(pairs) if k in pair] for k in range(folds)]
    critic, side = torch.tensor(members, device=device).unbind(-1)
    return Pairs(folds, torch.tensor(pairs, device=device), torch.tensor(rest, device=device), critic, side)


def deal(points: Tensor, folds: int, generator: torch.Generator) -> Tensor:
    """Points (n, d) in random order as equal folds (F, n // F, d); up to F − 1 points are left over."""
    order = torch.randperm(len(points), generator=generator, device=points.device)
    size = len(points) // folds
    return points[order[: folds * size]].reshape(folds, size, -1)
