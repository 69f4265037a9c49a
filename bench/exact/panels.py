"""The line cut at every end, peak and bend of two laws, each piece in coordinates in which its ends are far away."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from bench.exact.lines import Line
from bench.exact.points import Points

FAR = 1e5  # |t| up to which powers of a distance are followed: all but e^−10 of what decays like t ↦ e^(−t/10⁴)
_OVERFLOW = 300.0  # up to which the square of a distance is a number
_MARK = 40.0  # up to which anything matters beside a point where the densities are finite
_ROUNDING, _SMALLEST = 2.0**-52, 1e-300
_SAME = 4 * _ROUNDING  # relative distance of ends that are one


@dataclass(frozen=True)
class Panels:
    """n pieces of the line. A piece with two ends is x = low + length/(1 + e⁻ᵗ); with one, x = end ± length · eᵗ.

    Attributes:
        low: shape (n,), −inf for the first.
        high: shape (n,), inf for the last.
        length: shape (n,).
        start: the least t that matters, shape (n,).
        stop: the largest, shape (n,).
        deep_start: whether something may be singular at start, or a tail ends there, shape (n,).
        deep_stop: likewise at stop.
    """

    low: Tensor
    high: Tensor
    length: Tensor
    start: Tensor
    stop: Tensor
    deep_start: Tensor
    deep_stop: Tensor

    def __len__(self) -> int:
        return len(self.low)

    def points(self, owner: Tensor, t: Tensor) -> tuple[Points, Tensor]:
        """Points (n,), and log |dx/dt|, of coordinates t (n,) in panels owner (n,)."""
        low, high, length = self.low[owner], self.high[owner], self.length[owner]
        below, above = low.isfinite(), high.isfinite()
        both, log_length = below & above, length.log()
        left = torch.where(both, t < 0, below)
        share = torch.where(both, torch.sigmoid(-t.abs()), t.exp())
        log_share = torch.where(both, -t.abs() - torch.log1p((-t.abs()).exp()), t)
        side = torch.where(left, 1.0, -1.0)
        points = Points(torch.where(left, low, high), side * length * share, log_length + log_share, side)
        return points, log_length + torch.where(both, F.logsigmoid(t) + F.logsigmoid(-t), t)

    def limited(self, start: Tensor, stop: Tensor) -> Panels:
        """The same with a smaller range."""
        return Panels(self.low, self.high, self.length, start, stop, self.deep_start, self.deep_stop)


def panels_of(p: Line, q: Line) -> Panels:
    """All pieces on which one of two laws lies."""
    cuts = _cuts(p, q)
    infinity = cuts.new_full((1,), math.inf)
    low, high = torch.cat([-infinity, cuts]), torch.cat([cuts, infinity])
    kept = p.present(low, high) | q.present(low, high)
    if p.rounded or q.rounded:  # where one law ends a rounding before the other, neither is alone
        kept &= ~(high - low <= _SAME * torch.maximum(low.abs(), high.abs())) | low.isinf() | high.isinf()
    low, high = low[kept], high[kept]
    length = torch.where((high - low).isfinite(), high - low, _widths(p, q, torch.where(low.isfinite(), low, high)))
    ends = torch.cat([end.reshape(-1) for law in (p, q) for end in (law.low, law.high)])
    exact = p.exact and q.exact
    deep_low, deep_high = (torch.isin(end, ends) | ~end.isfinite() | (not exact) for end in (low, high))
    reach = torch.full_like(low, FAR if exact else _OVERFLOW)
    start, stop = (torch.where(deep, reach, _MARK) for deep in (deep_low, deep_high))
    one_end = low.isinf() | high.isinf()
    # with one end, small t is there and large t is far out
    deep_start = torch.where(one_end & low.isinf(), deep_high, deep_low)
    start = torch.where(one_end & low.isinf(), stop, start)
    stop = torch.where(one_end, reach, stop)
    deep_stop = torch.where(one_end, True, deep_high)
    if not exact:
        start, stop = _tell_apart(low, high, length, start, stop)
    found = Panels(low, high, length, -start, stop, deep_start, deep_stop)
    return _representable(p, q, found)


def _cuts(p: Line, q: Line) -> Tensor:
    """Ends, kinks and marks of both laws in order; of marks only those that are not near another of these already."""
    special, spare = (torch.cat(pair) for pair in zip(p.cuts(), q.cuts(), strict=True))
    order = special.argsort(stable=True)
    fixed = torch.unique(special[spare == 0])
    kept: list[float] = []
    for at, near in zip(special[order].tolist(), spare[order].tolist(), strict=True):
        if not kept or at - kept[-1] > near or (near == 0 and at > kept[-1]):
            kept.append(at)
    cuts: Tensor = torch.unique(torch.cat([fixed, torch.tensor(kept, dtype=torch.float64)]))
    return cuts


def _widths(p: Line, q: Line, anchor: Tensor) -> Tensor:
    """The largest width of a part of which a point (n,) is an end or a mark."""
    found = torch.zeros_like(anchor)
    for law in (p, q):
        own = (law.special[:, :, None] == anchor).any(1)  # (K, n)
        found = torch.maximum(found, torch.where(own, law.width, 0.0).amax(0))
    return torch.where(found > 0, found, 1.0)


def _tell_apart(low: Tensor, high: Tensor, length: Tensor, start: Tensor, stop: Tensor) -> tuple[Tensor, Tensor]:
    """As far as float64 has numbers between a point and an end."""
    near = [(length.log() - (_ROUNDING * end.abs()).clamp(min=_SMALLEST).log()).clamp(min=1.0) for end in (low, high)]
    one_end = low.isinf() | high.isinf()
    own = torch.where(low.isinf(), near[1], near[0])
    return torch.minimum(start, own), torch.where(one_end, stop, torch.minimum(stop, near[1]))


def _representable(p: Line, q: Line, panels: Panels) -> Panels:
    """Only so far that no density which is there is lost to overflow."""
    owner = torch.arange(len(panels))
    limits = []
    for t in (panels.start, panels.stop):
        points, _ = panels.points(owner, t)
        lost = torch.zeros_like(t, dtype=torch.bool)
        for law in (p, q):
            at = law.log_density(points)
            lost |= law.present(panels.low, panels.high) & ~at.isfinite()
        limits.append(torch.where(lost, t.clamp(-_OVERFLOW, _OVERFLOW), t))
    return panels.limited(*limits)
