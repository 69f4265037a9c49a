"""Kronrod's rule on boxes, its error estimate, and boxes cut along the curve on which an integrand has a kink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Integrand = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

# Kronrod's 15 points on [−1, 1] and the 7 of Gauss among them, every other one (QUADPACK, qk15): non-negative half
_POINTS = (
    0.991455371120812639206854697526329,
    0.949107912342758524526189684047851,
    0.864864423359769072789712788640926,
    0.741531185599394439863864773280788,
    0.586087235467691130294144838258730,
    0.405845151377397166906606412076961,
    0.207784955007898467600689403773245,
    0.0,
)
_KRONROD = (
    0.022935322010529224963732008058970,
    0.063092092629978553290700663189204,
    0.104790010322250183839876322541518,
    0.140653259715525918745189590510238,
    0.169004726639267902826583426598550,
    0.190350578064785409913256402421014,
    0.204432940075298892414161999234649,
    0.209482141084727828012999174891714,
)
_GAUSS = (0.129484966168869693270611432679082, 0.279705391489276667901467771423780, 0.381830050505118944950369775488975)
_GAUSS_MIDDLE = 0.417959183673469387755102040816327
_ROOT_STEPS = 7  # of regula falsi: where the integrand is 0, a root wrong by δ costs δ²


@dataclass(frozen=True)
class Boxes:
    """Boxes [lower, upper], shape (n, d) each, in the coordinates of owner, shape (n,)."""

    lower: Tensor
    upper: Tensor
    owner: Tensor

    def __getitem__(self, which: Tensor) -> Boxes:
        return Boxes(self.lower[which], self.upper[which], self.owner[which])

    def __len__(self) -> int:
        return len(self.owner)

    def joined(self, other: Boxes) -> Boxes:
        """Both sets."""
        pairs = ((self.lower, other.lower), (self.upper, other.upper), (self.owner, other.owner))
        return Boxes(*(torch.cat(pair) for pair in pairs))

    def halves(self, axis: Tensor) -> Boxes:
        """Each box cut in two across its axis (n,)."""
        row = torch.arange(len(self))
        middle = (self.lower[row, axis] + self.upper[row, axis]) / 2
        left, right = self.upper.clone(), self.lower.clone()
        left[row, axis], right[row, axis] = middle, middle
        return Boxes(self.lower, left, self.owner).joined(Boxes(right, self.upper, self.owner))


def line_rule() -> tuple[Tensor, Tensor]:
    """Points (15,) on [−1, 1], and weights (2, 15): Kronrod's, then Gauss's with zeros between."""
    half = torch.tensor(_POINTS, dtype=torch.float64)
    kronrod, gauss = torch.tensor(_KRONROD, dtype=torch.float64), torch.zeros(8, dtype=torch.float64)
    gauss[1::2] = torch.tensor((*_GAUSS, _GAUSS_MIDDLE), dtype=torch.float64)
    weights = torch.stack([kronrod, gauss])
    return torch.cat([-half, half[:-1].flip(0)]), torch.cat([weights, weights[:, :-1].flip(1)], 1)


def product_rule(d: int) -> tuple[Tensor, Tensor]:
    """Points (15^d, d), and weights (1 + d, 15^d): Kronrod's on all axes, then with Gauss's on one axis at a time."""
    points, weights = line_rule()
    rows = [[weights[int(axis == chosen)] for axis in range(d)] for chosen in range(-1, d)]
    grid = torch.cartesian_prod(*[points] * d).reshape(-1, d)
    return grid, torch.stack([torch.cartesian_prod(*row).reshape(-1, d).prod(1) for row in rows])


def box_errors(values: Tensor, weights: Tensor, volume: Tensor) -> Tensor:
    """QUADPACK's error estimate of every box along every axis (n, d) (Piessens et al. 1983, sec. 2.2.4.1).

    Args:
        values: of the integrand, shape (n, k).
        weights: shape (1 + d, k) or (n, 1 + d, k), Kronrod's first.
        volume: what the weighted sums are to be multiplied by, shape (n, 1).
    """
    weights = weights.expand(len(values), -1, -1)
    sums = (weights @ values[:, :, None])[:, :, 0]
    mean = sums[:, :1] / weights[:, 0].sum(1, keepdim=True)
    spread = ((values - mean).abs() * weights[:, 0]).sum(1, keepdim=True) * volume
    difference = (sums[:, 1:] - sums[:, :1]).abs() * volume
    scaled = (200 * difference / spread).clamp(max=1).pow(1.5).nan_to_num(0.0)
    return torch.maximum(spread * scaled, 1e-15 * (sums[:, :1] * volume).abs())


def cut_boxes(integrand: Integrand, boxes: Boxes, level: Tensor) -> tuple[Tensor, Tensor]:
    """Integrals (n, m) and errors (n, d) over boxes in which the integrand has a kink where its level is 0.

    The lines of the product rule along one axis, that which the curve crosses more, are cut where the level changes
    sign, and each piece is integrated by itself: as smooth as the curve, where it runs through the whole box.

    Args:
        integrand: as in `integrate_boxes`.
        boxes: n boxes.
        level: at the points of the product rule, shape (n, 15^d).
    """
    d = boxes.lower.shape[1]
    if d == 1:
        return _cut_along(integrand, boxes, level[:, None, :], 0)
    grid = level.reshape(-1, 15, 15)
    first, second = grid.transpose(1, 2), grid  # lines along axis 0, lines along axis 1
    crossings = [(lines[:, :, 1:] * lines[:, :, :-1] < 0).any(2).sum(1) for lines in (first, second)]
    along_first = crossings[0] >= crossings[1]
    integrals = errors = None
    for axis, lines, chosen in ((0, first, along_first), (1, second, ~along_first)):
        if not bool(chosen.any()):
            continue
        values, error = _cut_along(integrand, boxes[chosen], lines[chosen], axis)
        if integrals is None or errors is None:
            integrals, errors = values.new_zeros(len(boxes), values.shape[1]), error.new_zeros(len(boxes), d)
        integrals[chosen], errors[chosen] = values, error
    assert integrals is not None
    assert errors is not None
    return integrals, errors


def _cut_along(integrand: Integrand, boxes: Boxes, level: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """The same with lines along one axis; level has shape (n, lines, 15)."""
    points, weights = line_rule()
    lines = level.shape[1]
    across = points if lines > 1 else torch.zeros(1, dtype=torch.float64)

    def evaluate(s: Tensor) -> tuple[Tensor, Tensor]:
        """At s (n, lines, k) along each line, in units of half a side."""
        other = across[None, :, None].expand_as(s)
        unit = torch.stack([s, other] if axis == 0 else [other, s], 3)[..., : boxes.lower.shape[1]]
        half = ((boxes.upper - boxes.lower) / 2)[:, None, None, :]
        t = boxes.lower[:, None, None, :] + half * (1 + unit)
        values, levels = integrand(boxes.owner.repeat_interleave(s[0].numel()), t.flatten(0, 2))
        return values.reshape(*s.shape, -1), levels.reshape(s.shape)

    root = _roots(evaluate, level, points)
    left, right = (1 + root) / 2, (1 - root) / 2
    values, _ = evaluate(torch.cat([left * (1 + points) - 1, 1 - right * (1 - points)], 2))
    pieces = torch.cat([left[..., None] * weights, right[..., None] * weights], 3)  # (n, lines, 2, 30)
    outer = weights if lines > 1 else torch.ones(2, 1, dtype=torch.float64)
    plain, along, crosswise = ((outer[i][:, None] * pieces[:, :, j]).flatten(1) for i, j in ((0, 0), (0, 1), (1, 0)))
    order = ([plain, along, crosswise] if axis == 0 else [plain, crosswise, along])[: boxes.lower.shape[1] + 1]
    flat = values.flatten(1, 2)
    volume = ((boxes.upper - boxes.lower) / 2).prod(1, keepdim=True)
    return (plain[:, None, :] @ flat)[:, 0] * volume, box_errors(flat[:, :, 0], torch.stack(order, 1), volume)


def _roots(evaluate: Callable[[Tensor], tuple[Tensor, Tensor]], level: Tensor, points: Tensor) -> Tensor:
    """Where the level first changes sign along every line, (n, lines, 1), by regula falsi; −1 where it does not."""
    ends = torch.tensor([-1.0, 1.0], dtype=torch.float64).expand(*level.shape[:2], 2)
    _, at_ends = evaluate(ends)
    s = torch.cat([ends[0, 0, :1], points, ends[0, 0, 1:]])
    known = torch.cat([at_ends[:, :, :1], level, at_ends[:, :, 1:]], 2)
    changes = known[:, :, 1:] * known[:, :, :-1] < 0
    found, first = changes.any(2, keepdim=True), changes.long().argmax(2, keepdim=True)
    low, high = s[first], s[first + 1]
    at_low, at_high = known.gather(2, first), known.gather(2, first + 1)
    # two ends of one sign would send the next point anywhere
    at_low, at_high = torch.where(found, at_low, -1.0), torch.where(found, at_high, 1.0)
    for _ in range(_ROOT_STEPS):  # the Illinois variant: an end that stays has its value halved
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        middle = torch.where(middle.isfinite(), middle, (low + high) / 2)
        at_middle = evaluate(middle)[1]
        same = at_middle * at_low > 0
        at_low, at_high = torch.where(same, at_middle, at_low / 2), torch.where(same, at_high / 2, at_middle)
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    return torch.where(found, (low * at_high - high * at_low) / (at_high - at_low), -1.0).nan_to_num(-1.0).clamp(-1, 1)
