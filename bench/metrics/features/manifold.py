"""Precision and recall, density and coverage: how two sets of features fill each other's neighbourhoods.

A set's manifold is the union of balls about its points that reach to their k-th neighbours. Precision and recall
(Kynkäänniemi et al. 2019, eq. 1 and 2, k = 3) count points in the other set's manifold, edges included. Density and
coverage (Naeem et al. 2020, k = 5) count balls about real points alone, edges left out, as both papers'
programs have it. Coinciding points make a difference of that: a ball of radius 0 holds its centre, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bench.metrics.features.neighbours import Balls, Hits, find_hits, squared_radii
from bench.metrics.features.pairs import PairMetric, as_pair, share_unit
from bench.metrics.samples import Samples, as_count

K_MANIFOLD = 3
K_DENSITY = 5


class ManifoldMetric(PairMetric):
    """Figures of neighbourhoods from batches of features.

    Args:
        k: which neighbour the balls reach to; the papers' by default.

    Raises:
        ArgumentError: if k is not a whole number of at least 1.
    """

    higher_is_better = True
    default_k: int

    def __init__(self, k: int | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.k = self.default_k if k is None else read_neighbour(k)

    def figures(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        """The figures of all features, by name."""
        raise NotImplementedError

    def compute(self) -> dict[str, Tensor]:
        """The figures, as float64 scalars.

        Raises:
            ArgumentError: if a side has k features or fewer, or dimensions differ.
        """
        real, fake = self.sides()
        figures = self.figures(real, fake)
        return {name: torch.tensor(value, dtype=torch.float64, device=real.device) for name, value in figures.items()}


class PrecisionRecall(ManifoldMetric):
    """`precision` and `recall` from batches of features."""

    default_k = K_MANIFOLD

    def figures(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        """See `precision_recall`."""
        return precision_recall(real, fake, self.k)


class DensityCoverage(ManifoldMetric):
    """`density` and `coverage` from batches of features."""

    default_k = K_DENSITY

    def figures(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        """See `density_coverage`."""
        return density_coverage(real, fake, self.k)


def read_neighbour(k: object) -> int:
    """Which neighbour balls reach to: 1 for the nearest.

    Raises:
        ArgumentError: if k is not a whole number of at least 1.
    """
    return as_count(k, "k =", unit="(1 for the nearest neighbour)")


def precision_recall(x: Samples, y: Samples, k: int = K_MANIFOLD) -> dict[str, float]:
    """How much of the model is in the data's manifold, and how much of the data in the model's.

    Args:
        x: features of the data, shape (n, d); points are their own features.
        y: features of the model, shape (m, d).
        k: which neighbour the balls reach to.

    Returns:
        `precision`, the share of y in balls about x, and `recall`, the share of x in balls about y; edges included.

    Raises:
        ArgumentError: if k is not a whole number of at least 1, a set has k points or fewer, dimensions differ, or a
            value is not finite.
    """
    k = read_neighbour(k)
    real, fake, _ = share_unit(*as_pair(x, y, at_least=k + 1))
    balls = [
        make_data_manifold(squared_radii(real, [k])[k]),
        make_model_manifold(squared_radii(fake, [k])[k]),
    ]
    return compute_precision_recall(*find_hits(real, fake, balls))


def density_coverage(x: Samples, y: Samples, k: int = K_DENSITY) -> dict[str, float]:
    """How densely the model fills the data's neighbourhoods, and how many of them it reaches.

    Where both laws are one continuous law, the expectation of `density` is 1, and that of `coverage`
    1 − (n−1)…(n−k) / ((n+m−1)…(n+m−k)): about 1 − 2⁻ᵏ for equal sizes, and not 1.

    Args:
        x: features of the data, shape (n, d); points are their own features.
        y: features of the model, shape (m, d).
        k: which neighbour the balls reach to.

    Returns:
        `density`, how many balls about x a point of y is in on average, as a multiple of k: it can exceed 1; and
        `coverage`, the share of balls that hold a point of y. Edges are left out.

    Raises:
        ArgumentError: if k is not a whole number of at least 1, a set has k points or fewer, dimensions differ, or a
            value is not finite.
    """
    k = read_neighbour(k)
    real, fake, _ = share_unit(*as_pair(x, y, at_least=k + 1))
    (found,) = find_hits(real, fake, [make_neighbourhoods(squared_radii(real, [k])[k])])
    return compute_density_coverage(found, k)


def make_data_manifold(squares: Tensor) -> Balls:
    """Closed balls about the data's features."""
    return Balls(squares, about_rows=True, closed=True)


def make_model_manifold(squares: Tensor) -> Balls:
    """Closed balls about the model's features."""
    return Balls(squares, about_rows=False, closed=True)


def make_neighbourhoods(squares: Tensor) -> Balls:
    """Open balls about the data's features."""
    return Balls(squares, about_rows=True, closed=False)


def compute_precision_recall(in_data: Hits, in_model: Hits) -> dict[str, float]:
    """The figures from what lies in the data's manifold, and in the model's."""
    return {"precision": _compute_share(in_data.columns), "recall": _compute_share(in_model.rows)}


def compute_density_coverage(found: Hits, k: int) -> dict[str, float]:
    """The figures from what lies in the data's neighbourhoods."""
    return {"density": found.pairs / (k * len(found.columns)), "coverage": _compute_share(found.rows)}


def compute_manifold_figures(real: Tensor, radii: dict[int, Tensor], generated: Tensor) -> dict[str, float]:
    """All four figures from one pass over the distances.

    Args:
        real: features of the data, shape (n, d), float64.
        radii: their squared radii for `NEIGHBOURS`.
        generated: features of the model, shape (m, d), float64.
    """
    own = squared_radii(generated, [K_MANIFOLD])[K_MANIFOLD]
    balls = [make_data_manifold(radii[K_MANIFOLD]), make_model_manifold(own), make_neighbourhoods(radii[K_DENSITY])]
    in_data, in_model, near = find_hits(real, generated, balls)
    return compute_precision_recall(in_data, in_model) | compute_density_coverage(near, K_DENSITY)


def measure_data_radii(real: Tensor) -> dict[int, Tensor]:
    """Squared radii for `compute_manifold_figures`."""
    return squared_radii(real, NEIGHBOURS)


NEIGHBOURS: Sequence[int] = (K_MANIFOLD, K_DENSITY)


def _compute_share(flags: Tensor) -> float:
    return int(flags.count_nonzero()) / len(flags)
