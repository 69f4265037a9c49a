"""Two sets of features that are to be compared, and the metrics that keep them whole."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from bench.errors import ArgumentError
from bench.metrics.checks import as_points
from bench.metrics.ranges import choose_unit
from bench.metrics.samples import Samples


def as_pair(x: Samples, y: Samples, *, at_least: int) -> tuple[Tensor, Tensor]:
    """Two sets as finite rows of one dimension, shape (n, d) and (m, d) in float64, on the device of `x`.

    Raises:
        ArgumentError: if a set does not hold numbers or has fewer than `at_least` examples, dimensions differ, or a
            value is not finite.
    """
    first, second = as_points(x, "x", at_least=at_least), as_points(y, "y", at_least=at_least)
    if first.shape[1] != second.shape[1]:
        raise ArgumentError(f"y: dimension {second.shape[1]}; expected {first.shape[1]}, as x has it")
    return first, second.to(first.device)


def share_unit(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, float]:
    """Both sets in a unit in which float64 holds all squared distances, and the unit; ordinary sets as they are."""
    unit = choose_unit(float(x.abs().max()), float(y.abs().max()))
    return (x, y, unit) if unit == 1 else (x / unit, y / unit, unit)


def require_range(value: float, what: str) -> float:
    """A figure that float64 holds.

    Raises:
        ArgumentError: if it overflowed.
    """
    if math.isfinite(value):
        return value
    raise ArgumentError(f"{what}: more than float64 holds for features as large as these; expected smaller ones")


class PairMetric(Metric):
    """A metric whose state is all features of both sides, in the order in which they came."""

    is_differentiable = False
    full_state_update = False

    real: list[Tensor]
    fake: list[Tensor]

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.add_state("real", [], dist_reduce_fx="cat")
        self.add_state("fake", [], dist_reduce_fx="cat")

    def update(self, features: Samples, real: bool) -> None:
        """Add a batch.

        Args:
            features: shape (n, d).
            real: whether they come from the data (else from the model).

        Raises:
            ArgumentError: if a value is not a finite number, or the dimension is not that of the batches before.
        """
        points = as_points(features, "real features" if real else "generated features")
        before = next((batch.shape[-1] for batch in (*self.real, *self.fake)), points.shape[1])
        if points.shape[1] != before:
            raise ArgumentError(f"features: dimension {points.shape[1]}; expected {before}, as batches before had it")
        (self.real if real else self.fake).append(points)

    def sides(self) -> tuple[Tensor, Tensor]:
        """All features of the data, shape (n, d), and of the model, shape (m, d).

        Raises:
            ArgumentError: if a side has none.
        """
        return _concatenate(self.real, "real"), _concatenate(self.fake, "generated")

    def as_scalars(self, name: str, value: float, stderr: float) -> dict[str, Tensor]:
        """A figure and its standard error as `<name>` and `<name>_se`: float64 scalars on the device of the state."""
        device = self.sides()[0].device
        values = {name: value, f"{name}_se": stderr}
        return {key: torch.tensor(one, dtype=torch.float64, device=device) for key, one in values.items()}


def _concatenate(state: list[Tensor] | Tensor, side: str) -> Tensor:
    """One tensor; synchronisation between processes leaves one, or an empty list."""
    parts = [state] if isinstance(state, Tensor) else state
    if not parts:
        raise ArgumentError(f"no {side} features; expected some: update the metric with real={side == 'real'} first")
    return torch.cat(parts)
