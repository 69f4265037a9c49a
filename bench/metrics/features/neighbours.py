"""Balls about points that reach to their k-th neighbours, and which other points lie in them, exactly.

Squared distances |x|² + |y|² − 2 x·y come fast from a matrix product, yet with an error that can decide whether a point
at a ball's edge is in it. Wherever it could, the distance is computed anew from differences. Two squared distances
within one part in 10¹² of each other count as equal: so many of float64's 16 digits survive a sum of differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_BLOCK = 2**20  # distances at a time: more than a cache holds takes longer, however much memory there is
_SIDE = 1024  # rows of a tile
_SPARE = 4  # candidates beyond the k-th neighbour, so that rounding seldom makes all distances of a point be redone
_TIE = 1e-12


@dataclass(frozen=True)
class Balls:
    """A ball about each point of one side.

    Attributes:
        squares: squared radii, shape (n,), float64.
        about_rows: whether the centres are the rows of the table of distances (else its columns).
        closed: whether a point at the edge is in the ball.
    """

    squares: Tensor
    about_rows: bool
    closed: bool

    def limits(self, rows: slice, columns: slice) -> Tensor:
        """Squared radii of a tile's balls, to be compared with its distances."""
        return self.squares[rows].unsqueeze(1) if self.about_rows else self.squares[columns].unsqueeze(0)

    def hold(self, squares: Tensor, limits: Tensor) -> Tensor:
        """Whether points at these squared distances, free of rounding by cancellation, are in balls of these limits."""
        return squares <= limits * (1 + _TIE) if self.closed else squares < limits * (1 - _TIE)


@dataclass(frozen=True)
class Hits:
    """Pairs of a point and a ball that holds it.

    Attributes:
        rows: whether a row is in such a pair, as point or as centre, shape (n,).
        columns: likewise, shape (m,).
        pairs: how many there are.
    """

    rows: Tensor
    columns: Tensor
    pairs: int


def squared_radii(points: Tensor, ks: Sequence[int]) -> dict[int, Tensor]:
    """Squared distance from each point to the k-th nearest of the others, for several k; coinciding points are others.

    Args:
        points: shape (n, d), float64, n > max(ks).
        ks: 1 for the nearest.

    Returns:
        Shape (n,) for each k.
    """
    points = points.contiguous()
    centred = points - points.mean(0)
    norms = centred.square().sum(1)
    most = max(ks)
    count = min(len(points), most + 1 + _SPARE)
    found = []
    for rows in _cut_slices(len(points), max(1, _BLOCK // len(points))):
        table = torch.addmm(norms.expand(len(centred[rows]), -1), centred[rows], centred.T, alpha=-2)
        shortest, candidates = table.topk(count, largest=False)
        nearest = _compute_squares(points[rows], points, candidates).sort(1).values[:, : most + 1]
        if count < len(points):
            beyond = shortest[:, -1] + norms[rows] - _bound_rounding(points.shape[1]) * (norms[rows] + norms.max())
            unsure = ((nearest[:, -1] > beyond) & (nearest[:, -1] > 0)).nonzero().squeeze(1)
            for i in unsure.tolist():
                every = (points - points[rows][i]).square().sum(1)
                nearest[i] = every.topk(most + 1, largest=False).values
        found.append(nearest)
    whole = torch.cat(found)
    return {k: whole[:, k].contiguous() for k in ks}  # the first is the point itself


def find_hits(x: Tensor, y: Tensor, balls: Sequence[Balls]) -> list[Hits]:
    """For each family of balls, which pairs of rows x and columns y are point and ball that holds it, in tiles.

    Args:
        x: shape (n, d), float64.
        y: shape (m, d), float64.
        balls: about x (`about_rows`) or about y.
    """
    x, y = x.contiguous(), y.contiguous()
    centre = x.mean(0)
    near_x, near_y = x - centre, y - centre
    norms_x, norms_y = near_x.square().sum(1), near_y.square().sum(1)
    rows_hit = [torch.zeros(len(x), dtype=torch.bool, device=x.device) for _ in balls]
    columns_hit = [torch.zeros(len(y), dtype=torch.bool, device=x.device) for _ in balls]
    pairs = [torch.zeros((), dtype=torch.int64, device=x.device) for _ in balls]
    for rows in _cut_slices(len(x), _SIDE):
        for columns in _cut_slices(len(y), _BLOCK // _SIDE):
            shape = len(near_x[rows]), -1
            table = torch.addmm(norms_y[columns].expand(*shape), near_x[rows], near_y[columns].T, alpha=-2)
            table += norms_x[rows].unsqueeze(1)
            error = _bound_rounding(x.shape[1]) * (norms_x[rows].max() + norms_y[columns].max())
            for i, family in enumerate(balls):
                inside = _find_inside(table, error, family, (x, y), (rows, columns))
                rows_hit[i][rows] |= inside.any(1)
                columns_hit[i][columns] |= inside.any(0)
                pairs[i] += inside.count_nonzero()
    return [Hits(*found) for found in zip(rows_hit, columns_hit, map(int, pairs), strict=True)]


def _find_inside(
    table: Tensor, error: Tensor, balls: Balls, points: tuple[Tensor, Tensor], place: tuple[slice, slice]
) -> Tensor:
    """Which pairs of a tile are point and ball that holds it; those too near an edge by exact distances."""
    limits = balls.limits(*place)
    margin = error + 2 * _TIE * limits
    surely, perhaps = table < limits - margin, table <= limits + margin
    if torch.equal(surely, perhaps):
        return surely
    i, j = (perhaps & ~surely).nonzero(as_tuple=True)
    limits = limits.expand_as(table)
    x, y = points[0][place[0]], points[1][place[1]]
    step = max(1, _BLOCK // x.shape[1])
    for a, b in zip(torch.split(i, step), torch.split(j, step), strict=True):
        surely[a, b] = balls.hold((x[a] - y[b]).square().sum(1), limits[a, b])
    return surely


def _bound_rounding(size: int) -> float:
    """Bound on the error of |x|² + |y|² − 2 x·y as a share of |x|² + |y|², in `size` dimensions."""
    return 4 * (size + 4) * torch.finfo(torch.float64).eps


def _compute_squares(queries: Tensor, points: Tensor, chosen: Tensor) -> Tensor:
    """Squared distances from queries (n, d) to their chosen points (n, c), shape (n, c), from differences."""
    step = max(1, _BLOCK // (chosen.shape[1] * points.shape[1]))
    blocks = zip(torch.split(queries, step), torch.split(chosen, step), strict=True)
    return torch.cat([(query[:, None] - points[index]).square().sum(2) for query, index in blocks])


def _cut_slices(n: int, step: int) -> Iterator[slice]:
    return (slice(start, start + step) for start in range(0, n, step))
