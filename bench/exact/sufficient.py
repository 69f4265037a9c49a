"""Two Gaussians of any dimension by quadrature over what their ratio depends on, where that is one or two numbers.

An f-divergence depends on the law of p/q alone, so it may be computed from any sufficient statistic. In coordinates in
which q is N(0, I) and p is N(δ, Λ), Λ diagonal, coordinates of one eigenvalue can be turned so that δ lies along the
first of them; the others enter by the sum of their squares, if the eigenvalue is not 1, and not at all, if it is.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Distribution, Gamma, Normal

from bench.exact.gaussian import Gaussian, whitened_excess

Pair = tuple[Distribution, Distribution]

_EQUAL = 1e-9  # eigenvalues this close, relative to the largest excess over 1, are one
_ZERO = 1e-13


def sufficient_coordinates(p: Gaussian, q: Gaussian) -> list[Pair]:
    """Pairs of one-dimensional laws, independent of each other, between which p and q differ as between themselves."""
    excess, vectors = torch.linalg.eigh(whitened_excess(p, q))
    shift = torch.linalg.solve_triangular(q.factor, (p.mean - q.mean)[:, None], upper=False)
    shift = (vectors.T @ shift)[:, 0]
    tolerance = _EQUAL * float(excess.abs().max()) + _ZERO
    starts = torch.cat([torch.ones(1, dtype=torch.bool), excess.diff() > tolerance]).nonzero()[:, 0].tolist()
    groups = zip(starts, [*starts[1:], len(excess)], strict=True)
    return [pair for start, stop in groups for pair in _group(excess[start:stop], shift[start:stop], tolerance)]


def _group(excess: Tensor, shift: Tensor, tolerance: float) -> list[Pair]:
    """The pairs for coordinates of one eigenvalue 1 + e."""
    one, zero = shift.new_ones(()), shift.new_zeros(())
    e, moved, others = excess.mean(), shift.norm(), len(excess)
    same_scale = float(e.abs()) <= tolerance
    pairs: list[Pair] = []
    if float(moved) > _ZERO or (others == 1 and not same_scale):
        pairs.append((Normal(moved, one if same_scale else (1 + e).sqrt()), Normal(zero, one)))
        others -= 1
    if others and not same_scale:
        half = torch.tensor(others / 2, dtype=torch.float64)
        pairs.append((Gamma(half, 0.5 / (1 + e)), Gamma(half, 0.5 * one)))
    return pairs
