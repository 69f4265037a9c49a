"""Adaptive quadrature of several integrands on a line at once, with an error that is not smaller than the true one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.exact.rules import line_rule

Integrand = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

_EDGES = (0.0, 1.0, 2.5, 5.0, 10.0, 20.0, *(40.0 * 2**k for k in range(12)))
_ROOT_STEPS, _ROOT_PIECES = 12, 32  # how often, and in how many, to cut where two densities cross: 2⁶⁰ in all
_MOST_ROOTS = 16  # in one span
_LEVEL = 1e-12  # that rounding may make of 0
_NOTHING = 1e-18  # share of a sum that does not count
_STALLED, _PATIENCE = 0.7, 4  # rounds in a row that leave more than this of the error: rounding is what is left


@dataclass(frozen=True)
class Spans:
    """Intervals [lower, upper] of coordinates in panels owner, shape (n,) each."""

    lower: Tensor
    upper: Tensor
    owner: Tensor

    def __getitem__(self, which: Tensor) -> Spans:
        return Spans(self.lower[which], self.upper[which], self.owner[which])

    def __len__(self) -> int:
        return len(self.owner)

    def joined(self, other: Spans) -> Spans:
        """Both sets."""
        return Spans(
            torch.cat([self.lower, other.lower]),
            torch.cat([self.upper, other.upper]),
            torch.cat([self.owner, other.owner]),
        )

    def cut(self, at: Tensor) -> Spans:
        """Each in two."""
        return Spans(self.lower, at, self.owner).joined(Spans(at, self.upper, self.owner))

    @property
    def middle(self) -> Tensor:
        """Where to cut."""
        return (self.lower + self.upper) / 2


@dataclass(frozen=True)
class Sums:
    """Integrals, shape (m,), and errors of them as the rules differ and as halving all spans changes them."""

    values: Tensor
    errors: Tensor


def first_spans(start: Tensor, stop: Tensor) -> Spans:
    """Spans of the ranges of all panels (n,), longer further out."""
    edges = torch.tensor(_EDGES, dtype=torch.float64)
    cuts = torch.cat([-edges[1:].flip(0), edges])
    lower, upper = (torch.minimum(torch.maximum(side, start[:, None]), stop[:, None]) for side in (cuts[:-1], cuts[1:]))
    lower[:, 0], upper[:, -1] = start, stop
    owner = torch.arange(len(start))[:, None].expand_as(lower)
    kept = upper > lower
    return Spans(lower[kept], upper[kept], owner[kept])


def integrate_spans(
    integrand: Integrand, spans: Spans, *, relative: Tensor, absolute: Tensor, most_points: int, kinked: bool
) -> Sums:
    """Integrate by Kronrod's 15 points, halving where they and the 7 of Gauss among them differ.

    That difference is the error of the worse rule. At the end all spans are halved once more; the change counts as an
    error, too.

    Args:
        integrand: owner (n,), t (n,) ↦ values (n, m) and level (n,), float64.
        spans: where to start.
        relative: relative error of each output to aim at, shape (m,).
        absolute: absolute error of each that is small enough, shape (m,).
        most_points: when to stop trying.
        kinked: whether outputs have a kink where the level is 0: spans are then cut there.
    """
    if kinked:
        spans = _cut_at_roots(integrand, spans)
    values, errors = _apply(integrand, spans)
    points, stalled, before = 15 * len(spans), 0, math.inf
    while True:
        allowed = torch.maximum(relative * values.sum(0).abs(), absolute)
        excess = (errors / allowed).nan_to_num(0.0).amax(1)
        total = float(excess.sum())
        stalled = stalled + 1 if total > _STALLED * before else 0
        before = total
        if total <= 1 or points > most_points or stalled >= _PATIENCE or not bool(values.isfinite().all()):
            break
        order = excess.argsort()
        split = order[excess[order].cumsum(0) > 0.5]
        keep = order[: len(order) - len(split)]
        halves = spans[split].cut(spans[split].middle)
        if kinked:
            halves = _cut_at_roots(integrand, halves)
        new_values, new_errors = _apply(integrand, halves)
        points += 15 * len(halves)
        spans = spans[keep].joined(halves)
        values, errors = torch.cat([values[keep], new_values]), torch.cat([errors[keep], new_errors])
    sums = values.sum(0)
    counts = (values > _NOTHING * sums).any(1)
    fine, _ = _apply(integrand, spans[counts].cut(spans[counts].middle))
    change = fine.sum(0) - values[counts].sum(0)
    return Sums(sums + change, errors.sum(0) + change.abs())


def _apply(integrand: Integrand, spans: Spans) -> tuple[Tensor, Tensor]:
    """Integrals and errors of all outputs over every span, shape (n, m) each."""
    points, weights = line_rule()
    half = (spans.upper - spans.lower) / 2
    t = (spans.lower + half)[:, None] + half[:, None] * points
    values, _ = integrand(spans.owner.repeat_interleave(len(points)), t.flatten())
    values = values.reshape(*t.shape, -1)
    kronrod, gauss = (torch.einsum("k,nkm->nm", rule, values) * half[:, None] for rule in weights)
    return kronrod, (kronrod - gauss).abs()


def _cut_at_roots(integrand: Integrand, spans: Spans) -> Spans:
    """Spans cut where the level changes sign between points of the rule."""
    points, _ = line_rule()
    s = torch.cat([points.new_tensor([-1.0]), points, points.new_tensor([1.0])])
    done = spans[torch.zeros(0, dtype=torch.long)]
    for _ in range(_MOST_ROOTS):
        half = (spans.upper - spans.lower) / 2
        t = (spans.lower + half)[:, None] + half[:, None] * s
        level = integrand(spans.owner.repeat_interleave(len(s)), t.flatten())[1].reshape(t.shape)
        level = torch.where(level.abs() < _LEVEL, 0.0, level)
        changes = level[:, 1:] * level[:, :-1] < 0
        crossed = changes.any(1)
        done = done.joined(spans[~crossed])
        if not bool(crossed.any()):
            return done
        spans, t, level, first = spans[crossed], t[crossed], level[crossed], changes[crossed].long().argmax(1)
        row = torch.arange(len(spans))
        root = _root(integrand, spans.owner, t[row, first], t[row, first + 1], level[row, first])
        done = done.joined(Spans(spans.lower, root, spans.owner))
        spans = Spans(root, spans.upper, spans.owner)
    return done.joined(spans)


def _root(integrand: Integrand, owner: Tensor, low: Tensor, high: Tensor, at_low: Tensor) -> Tensor:
    """Where the level first changes sign, to the last digit."""
    share = torch.linspace(0.0, 1.0, _ROOT_PIECES + 1, dtype=torch.float64)[1:-1]
    row = torch.arange(len(owner))
    for _ in range(_ROOT_STEPS):
        inner = low[:, None] + (high - low)[:, None] * share
        level = integrand(owner.repeat_interleave(len(share)), inner.flatten())[1].reshape(inner.shape)
        same = (level * at_low[:, None] > 0).long().cumprod(1).sum(1)  # pieces before the change
        edges = torch.cat([low[:, None], inner, high[:, None]], 1)
        low, high = edges[row, same], edges[row, same + 1]
    return (low + high) / 2
