"""Kullback–Leibler divergences by distances to nearest neighbours: a yardstick, with neither fit nor bound."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from scipy.spatial import KDTree
from torch import Tensor

from bench.divergences import Divergence
from bench.errors import ArgumentError
from bench.metrics.estimation.estimators import DEFAULT, Value, register_estimator

NEIGHBOURS = 5
_TREE_UP_TO = 8  # dimensions: with 50,000 points a tree is faster up to here on a CPU, all distances beyond
_BLOCK = 2**21  # distances at a time: more than a cache holds takes longer, however much memory there is
_DIRECTIONS = {"kl": ((0, 1),), "reverse_kl": ((1, 0),), "jeffreys": ((0, 1), (1, 0))}


@register_estimator("knn", version=1, only=tuple(_DIRECTIONS))
def knn(p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator) -> dict[str, Value]:
    """kl, reverse_kl and their sum, each direction by `nearest_neighbour_kl`; it draws nothing from the generator.

    The standard error of the sum takes the directions as independent, which they are but nearly: they share distances.
    """
    samples = p, q
    wanted = {d.name: _DIRECTIONS[d.name] for d in divergences}
    each = {way: nearest_neighbour_kl(samples[way[0]], samples[way[1]]) for ways in wanted.values() for way in ways}
    return {
        name: Value(math.fsum(each[way][0] for way in ways), math.hypot(*(each[way][1] for way in ways)))
        for name, ways in wanted.items()
    }


def nearest_neighbour_kl(x: Tensor, y: Tensor, k: int = NEIGHBOURS) -> tuple[float, float]:
    """KL(P‖Q) ≈ (d/n) Σᵢ log(νᵢ/ρᵢ) + log(m/(n − 1)) (Wang, Kulkarni & Verdú 2009, eq. 5).

    ρᵢ is the distance from xᵢ to the k-th nearest of the other points of x, and νᵢ to the k-th nearest of y. Distances
    are Euclidean in the coordinates as given. Its bias has either sign and vanishes slowly in many dimensions. The
    variant of their eq. 29, with as many neighbours as one radius holds, is farther from the truth above 5 dimensions
    between shifted Gaussians, and hardly nearer below.

    The standard error is that of the mean of n independent terms, as is usual; neighbours make them weakly dependent,
    and of bias it says nothing.

    Args:
        x: points of P, shape (n, d), n > k.
        y: points of Q, shape (m, d), m ≥ k.
        k: which neighbour.

    Returns:
        The estimate, in nats, which can be negative, and its standard error.

    Raises:
        ArgumentError: if distances are zero since points coincide.
    """
    centre = x.double().mean(0)
    x, y = x.double() - centre, y.double() - centre
    own, other = find_kth_distance(x, x, k + 1), find_kth_distance(x, y, k)  # every point is its own nearest
    coincide = (own == 0) | (other == 0)
    if bool(coincide.any()):
        raise ArgumentError(
            f"estimator 'knn': {float(coincide.double().mean()):.1%} of the points coincide with at least {k} others, "
            f"which leaves it undefined; expected points of continuous laws: add noise by `spread`, or use {DEFAULT}"
        )
    terms = x.shape[1] * (other / own).log()
    return float(terms.mean()) + math.log(len(y) / (len(x) - 1)), float(terms.std()) / math.sqrt(len(x))


def find_kth_distance(queries: Tensor, points: Tensor, k: int) -> Tensor:
    """Distance from each query to the k-th nearest of the points, exactly.

    Args:
        queries: shape (n, d), float64.
        points: shape (m, d), m ≥ k.
        k: 1 for the nearest, a query that is one of the points being its own nearest.

    Returns:
        Shape (n,).
    """
    if queries.shape[1] <= _TREE_UP_TO and queries.device.type == "cpu":
        return search_by_tree(queries, points, k)
    return search_all_pairs(queries, points, k)


def search_by_tree(queries: Tensor, points: Tensor, k: int) -> Tensor:
    """`find_kth_distance` by a k-d tree, fast in few dimensions."""
    distances, _ = KDTree(points.numpy()).query(queries.numpy(), k=[k])
    return torch.as_tensor(distances).squeeze(1)


def search_all_pairs(queries: Tensor, points: Tensor, k: int) -> Tensor:
    """`find_kth_distance` by all distances, in blocks.

    A block's squared distances, |y|² − 2 x·y up to |x|², decide which k points are nearest; the distances to these
    are then computed anew from differences, since what is small in |x|² + |y|² − 2 x·y is lost to rounding.
    """
    square = points.square().sum(1)
    rows = max(1, _BLOCK // max(len(points), k * points.shape[1]))
    found = []
    for block in torch.split(queries, rows):
        relative = torch.addmm(square.expand(len(block), -1), block, points.T, alpha=-2)
        nearest = relative.topk(k, largest=False, sorted=False).indices
        found.append((block[:, None] - points[nearest]).norm(dim=-1).amax(1))
    return torch.cat(found)
