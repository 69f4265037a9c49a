"""Where to start: boxes in every part's chart, small wherever another part is sharp, none where there is nothing."""

from __future__ import annotations

import math

import torch
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from bench.exact.charts import Charts
from bench.exact.problem import Problem
from bench.exact.rules import Boxes

_CUTS = (0.0, 1.0, 2.0, 3.0, 4.5, 7.0, 11.0, 17.0, 26.0, 40.0, 80.0, 150.0, 300.0, 500.0)
_RADII = (1.0, 2.0, 4.0, 8.0, 16.0)  # of the points that look for a part, in units of its frame
_ANGLES = 48
_RESOLVED = 3.0  # half widths of a box over the width of a part inside it that the rule resolves
_COARSE = 1.0  # half width below which boxes are not cut for wider parts
_SCOUTS = {1: 9, 2: 3}
_NOTHING = 50.0  # log of the share of the integral below which a box is left out
_NO_MASS = -28.0  # log of the share of the mass below which a box is left out, if its integral is nothing too
_IGNORED = 23.0  # log of the share of the integral that a sharp part must have to be looked for


def first_boxes(problem: Problem) -> Boxes:
    """Boxes that cover all that matters."""
    grids = [_grid(problem, owner) for owner in range(len(problem.log_weight))]
    boxes = grids[0]
    for grid in grids[1:]:
        boxes = boxes.joined(grid)
    mass, size = _scout(problem, boxes)
    total = float(torch.logsumexp(size, 0))
    probes = _probes(problem)
    seen = problem.densities(probes[0])
    kept = boxes[(size > total - _NOTHING) | (mass > _NO_MASS)]
    refined = [
        _refine(kept[kept.owner == owner], *_limits(problem, owner, probes, seen, total))
        for owner in range(len(problem.log_weight))
    ]
    return Boxes(*(torch.cat([getattr(part, name) for part in refined]) for name in ("lower", "upper", "owner")))


def _grid(problem: Problem, owner: int) -> Boxes:
    """The whole range of one chart, cut at fixed coordinates and where any part ends or bends."""
    charts = problem.charts
    start, stop = (limit[owner] for limit in charts.limits())
    ends = torch.cat([charts.low, charts.high, charts.kinks])
    at_ends = torch.cat([_on_axis(charts, owner, ends, axis) for axis in range(len(start))], 1)
    fixed = torch.tensor([sign * cut for cut in _CUTS for sign in (-1, 1)], dtype=torch.float64)
    lower, upper = [], []
    for axis in range(len(start)):
        own = at_ends[ends[:, axis].isfinite(), axis]
        cuts = torch.cat([fixed, own[own.isfinite()], start[axis : axis + 1], stop[axis : axis + 1]])
        cuts = torch.unique(cuts[(cuts >= start[axis]) & (cuts <= stop[axis])])
        lower.append(cuts[:-1])
        upper.append(cuts[1:])
    corners = [torch.cartesian_prod(*side).reshape(-1, len(start)) for side in (lower, upper)]
    return Boxes(corners[0], corners[1], torch.full((len(corners[0]),), owner))


def _on_axis(charts: Charts, owner: int, ends: Tensor, axis: int) -> Tensor:
    """Coordinate on one axis (m, 1) of ends (m, d), those without one on it left at NaN."""
    points = charts.location[owner].expand_as(ends).clone()
    points[:, axis] = ends[:, axis]
    return charts.coordinates(owner, points)[:, axis : axis + 1]


def _scout(problem: Problem, boxes: Boxes) -> tuple[Tensor, Tensor]:
    """Log of the mass and of the integral in every box, both roughly, shape (n,) each."""
    d = boxes.lower.shape[1]
    at, weights = (torch.as_tensor(part, dtype=torch.float64) for part in leggauss(_SCOUTS[d]))
    points = torch.cartesian_prod(*[at] * d).reshape(-1, d)
    log_weights = torch.cartesian_prod(*[weights.log()] * d).reshape(-1, d).sum(1)
    half = (boxes.upper - boxes.lower) / 2
    t = (boxes.lower + half)[:, None, :] + half[:, None, :] * points
    log_mass, log_value, _ = problem.log_terms(boxes.owner.repeat_interleave(len(points)), t.flatten(0, 1))
    size = half.log().sum(1)
    mass, value = (torch.logsumexp(at.reshape(len(boxes), -1) + log_weights, 1) for at in (log_mass, log_value))
    return mass + size, value + size


def _probes(problem: Problem) -> tuple[Tensor, Tensor, Tensor]:
    """Points x (m, d) around every part, the part (m,) they belong to and their distance (m,) from it in its frame."""
    charts = problem.charts
    count, d = charts.location.shape
    if d == 1:
        directions = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    else:
        angle = torch.arange(_ANGLES, dtype=torch.float64) * (2 * math.pi / _ANGLES)
        directions = torch.stack([angle.cos(), angle.sin()], 1)
    centre = torch.zeros(1, d, dtype=torch.float64)
    u = torch.cat([centre, *(radius * directions for radius in _RADII)])
    x = charts.location[:, None, :] + torch.einsum("kij,nj->kni", charts.frame, u)
    owner = torch.arange(count).repeat_interleave(len(u))
    return x.flatten(0, 1), owner, u.square().sum(1).sqrt().repeat(count)


def _limits(
    problem: Problem,
    owner: int,
    probes: tuple[Tensor, Tensor, Tensor],
    seen: tuple[Tensor, Tensor],
    total: float,
) -> tuple[Tensor, Tensor]:
    """Coordinates t (m, d) of the probes that matter in one chart, and how wide a box may be around each, (m, d)."""
    charts = problem.charts
    x, part, radius = probes
    each, v = seen
    volume = charts.frame[part].diagonal(dim1=1, dim2=2).log().sum(1) + x.shape[1] * radius.clamp(min=1).log()
    share = problem.weigh(problem.log_weight[owner] + each[owner] + volume, v) - total
    matters = (share > -_IGNORED) & (part != owner)
    x, part, radius = x[matters], part[matters], radius[matters]
    t = charts.coordinates(owner, x)
    known = t.isfinite().all(1)
    t, part, radius = t[known], part[known], radius[known]
    columns = torch.linalg.solve_triangular(charts.frame[part], charts.rates(owner, t), upper=False)
    width = _RESOLVED / columns.square().sum(1).sqrt() * (radius / 2).clamp(min=1)[:, None]
    sharp = (width < _COARSE).any(1)
    return t[sharp], width[sharp].clamp(max=_COARSE)


def _refine(boxes: Boxes, t: Tensor, width: Tensor) -> Boxes:
    """Boxes halved until none is wider than the points in it, or near it, allow."""
    done = boxes[torch.zeros(0, dtype=torch.long)]
    while len(boxes) and len(t):
        half, centre = (boxes.upper - boxes.lower) / 2, (boxes.upper + boxes.lower) / 2
        near = torch.ones(len(boxes), len(t), dtype=torch.bool)
        for axis in range(t.shape[1]):
            away = (t[:, axis] - centre[:, axis, None]).abs()
            near &= away <= half[:, axis, None] + width[:, axis] / 2
        allowed = torch.stack([torch.where(near, side, torch.inf).amin(1) for side in width.T], 1)
        excess = half / allowed
        wide = (excess > 1).any(1)
        done = done.joined(boxes[~wide])
        boxes = boxes[wide].halves(excess[wide].argmax(1))
    return done.joined(boxes)
