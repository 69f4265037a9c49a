"""Globally adaptive cubature over many boxes at once, in one or two dimensions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.exact.rules import Boxes, Integrand, box_errors, cut_boxes, product_rule

_CHUNK = 2**16  # points at once


@dataclass(frozen=True)
class Integral:
    """What came of it.

    Attributes:
        values: shape (m,), the integrals of all outputs.
        error: estimated absolute error of the first.
        points: how often the integrand was evaluated.
    """

    values: Tensor
    error: float
    points: int


def integrate_boxes(
    integrand: Integrand, boxes: Boxes, *, relative: float, rounding: float, most_points: int, kinked: bool = False
) -> Integral:
    """Integrate over boxes, halving those of large error until their sum is small enough or the points are used up.

    The rule is the product of Kronrod's 15 points on each axis; the error of a box is QUADPACK's estimate from the 7
    points of Gauss among them, on each axis in turn, and the axis of the largest is cut.

    Args:
        integrand: owner (n,), t (n, d) ↦ values (n, m), of which the first controls the error, and level (n,), float64.
        boxes: where to start.
        relative: relative error of the first output to aim at.
        rounding: times the root of the first output, an error that more points do not mend.
        most_points: when to stop trying.
        kinked: whether the first output is not smooth where the level is 0: boxes are then cut along that curve.
    """
    values, errors = _apply(integrand, boxes, kinked)
    points = len(boxes) * 15 ** boxes.lower.shape[1]
    while True:
        total = values.sum(0)
        error = errors.amax(1)
        size = float(total[0].abs())
        allowed = max(relative * size, rounding * math.sqrt(size))
        if not bool(total.isfinite().all()) or float(error.sum()) <= allowed or points > most_points:
            return Integral(total, float(error.sum()), points)
        order = error.argsort()
        small = error[order].cumsum(0) <= allowed / 2
        keep, split = order[small], order[~small]
        halves = boxes[split].halves(errors[split].argmax(1))
        new_values, new_errors = _apply(integrand, halves, kinked)
        points += len(halves) * 15 ** boxes.lower.shape[1]
        boxes = boxes[keep].joined(halves)
        values, errors = torch.cat([values[keep], new_values]), torch.cat([errors[keep], new_errors])


def _apply(integrand: Integrand, boxes: Boxes, kinked: bool) -> tuple[Tensor, Tensor]:
    """Integral of every output over every box (n, m), and the error of the first along every axis (n, d)."""
    size = max(1, _CHUNK // 15 ** boxes.lower.shape[1])
    chunks = [boxes[torch.arange(start, min(start + size, len(boxes)))] for start in range(0, len(boxes), size)]
    parts = [_apply_chunk(integrand, chunk, kinked) for chunk in chunks]
    return torch.cat([value for value, _ in parts]), torch.cat([error for _, error in parts])


def _apply_chunk(integrand: Integrand, boxes: Boxes, kinked: bool) -> tuple[Tensor, Tensor]:
    d = boxes.lower.shape[1]
    points, weights = product_rule(d)
    half = (boxes.upper - boxes.lower) / 2
    volume = half.prod(1, keepdim=True)
    t = (boxes.lower + half)[:, None, :] + half[:, None, :] * points
    values, level = integrand(boxes.owner.repeat_interleave(len(points)), t.flatten(0, 1))
    values, level = values.reshape(len(boxes), len(points), -1), level.reshape(len(boxes), -1)
    integrals = torch.einsum("k,nkm->nm", weights[0], values) * volume
    errors = box_errors(values[:, :, 0], weights, volume)
    crossed = (level.amax(1) > 0) & (level.amin(1) < 0)
    if kinked and bool(crossed.any()):
        integrals[crossed], errors[crossed] = cut_boxes(integrand, boxes[crossed], level[crossed])
    return integrals, errors
