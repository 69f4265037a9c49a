"""Laws on a line pushed through transforms: exact distances from ends and marks are carried along."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.distributions import (
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    IndependentTransform,
    PowerTransform,
    SigmoidTransform,
    TanhTransform,
    Transform,
)

from bench.exact.lines import Line
from bench.exact.points import Points

_ZERO = torch.zeros((), dtype=torch.float64)
_ONE = torch.ones((), dtype=torch.float64)


@dataclass(frozen=True)
class Push:
    """One increasing or decreasing map x ↦ y.

    Attributes:
        forward: x ↦ y, at ends and marks, infinite ones too.
        back: points y, and the x of their anchors (NaN where an anchor is not the image of an end or a mark) ↦ points
            x and log |dx/dy|.
        exact: whether distances are carried along exactly.
    """

    forward: Callable[[Tensor], Tensor]
    back: Callable[[Points, Tensor], tuple[Points, Tensor]]
    exact: bool = True


def steps(transforms: list[Transform]) -> list[Transform]:
    """All transforms one after the other, out of what wraps them."""
    flat: list[Transform] = []
    for transform in transforms:
        if isinstance(transform, ComposeTransform):
            flat += steps(transform.parts)
        elif isinstance(transform, IndependentTransform):
            flat += steps([transform.base_transform])
        elif isinstance(transform, TanhTransform):  # tanh x = 2/(1 + e^(−2x)) − 1
            flat += [AffineTransform(0.0, 2.0), SigmoidTransform(), AffineTransform(-1.0, 2.0)]
        else:
            flat.append(transform)
    return flat


def push(line: Line, transform: Transform) -> Line:
    """The law of the image."""
    through = _PUSHES.get(type(transform), _other)(transform)
    special = line.special
    image = through.forward(special)
    ends = image[:, [0, -1]]
    low, high = ends.amin(1, keepdim=True), ends.amax(1, keepdim=True)
    marks = torch.where(image[:, 1:-1].isfinite(), image[:, 1:-1], math.nan)
    moved = (through.forward(special[:, 1:2] + line.width) - image[:, 1:2]).abs()
    width = torch.where(moved.isfinite() & (moved > 0), moved, torch.where((high - low).isfinite(), high - low, 1.0))

    def inside(y: Points) -> Tensor:
        anchor = torch.full_like(y.anchor + special[:, :1], math.nan)
        for column in range(special.shape[1]):
            own, images = special[:, column : column + 1], image[:, column : column + 1]
            anchor = torch.where((y.anchor == images) & own.isfinite(), own, anchor)
        x, log_slope = through.back(y, anchor)
        return line.inside(x) + log_slope

    exact = line.exact and through.exact
    return replace(line, low=low, high=high, marks=marks, width=width, inside=inside, exact=exact, rounded=True)


def _affine(transform: Transform) -> Push:
    assert isinstance(transform, AffineTransform)
    loc, scale = (
        torch.as_tensor(value, dtype=torch.float64).reshape(-1, 1) for value in (transform.loc, transform.scale)
    )

    def back(y: Points, anchor: Tensor) -> tuple[Points, Tensor]:
        at = torch.where(anchor.isnan(), (y.anchor - loc) / scale, anchor)
        log_scale = scale.abs().log()
        x = Points(at, y.offset / scale, y.log_offset - log_scale, y.side * scale.sign())
        return x, -log_scale

    return Push(lambda x: loc + scale * x, back)


def _exponential(_: Transform) -> Push:
    def back(y: Points, anchor: Tensor) -> tuple[Points, Tensor]:
        from_zero = y.anchor == 0
        base = torch.where(from_zero, _ONE, y.anchor)
        step = torch.where(y.log_offset > 300, _log1p_far(y, base), torch.log1p(y.offset / base))
        offset = torch.where(from_zero, y.log_offset, step)
        at = torch.where(anchor.isnan(), torch.where(from_zero, _ZERO, base.log()), anchor)
        return _moved(at, offset), -(at + offset)

    return Push(torch.exp, back)


def _log1p_far(y: Points, base: Tensor) -> Tensor:
    return torch.logaddexp(_ZERO, y.log_offset - base.log())


def _moved(at: Tensor, offset: Tensor) -> Points:
    return Points(at, offset, offset.abs().log(), torch.where(offset < 0, -1.0, 1.0))


def _sigmoid(_: Transform) -> Push:
    def back(y: Points, anchor: Tensor) -> tuple[Points, Tensor]:
        low, high = y.log_minus(_ZERO), y.log_minus(_ONE)
        plain = low - high
        step = torch.log1p(y.offset / y.anchor) - torch.log1p(-y.offset / (1 - y.anchor))
        offset = torch.where(anchor.isnan(), plain, step)
        at = torch.where(anchor.isnan(), _ZERO, anchor)
        return _moved(at, offset), -low - high

    return Push(torch.sigmoid, back)


def _power(transform: Transform) -> Push:
    assert isinstance(transform, PowerTransform)
    exponent = torch.as_tensor(transform.exponent, dtype=torch.float64).reshape(-1, 1)

    def back(y: Points, anchor: Tensor) -> tuple[Points, Tensor]:
        log_y = y.log_minus(_ZERO)
        from_zero = (y.anchor == 0).expand_as(anchor)
        at = torch.where(anchor.isnan(), y.anchor.abs().pow(1 / exponent), anchor)
        step = at * torch.expm1(torch.log1p(y.offset / torch.where(y.anchor == 0, _ONE, y.anchor)) / exponent)
        near = ~from_zero & (y.offset.abs() < 0.5 * y.anchor.abs())
        log_x = log_y / exponent
        x = Points(
            torch.where(near, at, 0.0),
            torch.where(near, step, log_x.exp()),
            torch.where(near, step.abs().log(), log_x),
            torch.where(near & (step < 0), -1.0, 1.0),
        )
        return x, -exponent.abs().log() + (1 / exponent - 1) * log_y

    return Push(lambda x: x.pow(exponent), back)


def _other(transform: Transform) -> Push:
    def back(y: Points, _: Tensor) -> tuple[Points, Tensor]:
        at = y.x
        x = transform.inv(at)
        slope: Tensor = transform.log_abs_det_jacobian(x, at)  # type: ignore[no-untyped-call]
        return Points.at(x), -slope

    return Push(transform, back, exact=False)


_PUSHES: dict[type[Transform], Callable[[Transform], Push]] = {
    AffineTransform: _affine,
    ExpTransform: _exponential,
    SigmoidTransform: _sigmoid,
    PowerTransform: _power,
}
