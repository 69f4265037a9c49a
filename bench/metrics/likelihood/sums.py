"""Means over examples and their standard errors, from sums that merge across processes."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from torchmetrics import Metric

from bench.errors import ArgumentError


def average_with_error(name: str, count: Tensor, total: Tensor, squares: Tensor) -> dict[str, Tensor]:
    """The mean, and from two examples on its standard error, as `<name>` and `<name>_se`: float64 scalars.

    Args:
        name: of the figure.
        count: number of examples.
        total: sum over them, float64.
        squares: sum of squares over them, float64.

    Raises:
        ArgumentError: if there is no example.
    """
    n = int(count)
    if n == 0:
        raise ArgumentError(f"{name}: no examples; expected at least one")
    mean = total / n
    if n == 1:
        return {name: mean}
    variance = (squares - n * mean.square()).clamp(min=0) / (n - 1)
    return {name: mean, f"{name}_se": (variance / n).sqrt()}


class MeanLogDensity(Metric):
    """Mean log-density of test points, in nats per point; the state is sums over them in float64.

    Attributes:
        name: of the figure.
    """

    name: ClassVar[str]
    higher_is_better = True
    is_differentiable = False
    full_state_update = False

    count: Tensor
    density_sum: Tensor
    square_sum: Tensor

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        for name in ("density_sum", "square_sum"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def add(self, densities: Tensor) -> None:
        """Add log-densities of points, shape (n,), float64."""
        self.count += len(densities)
        self.density_sum += densities.sum()
        self.square_sum += densities.square().sum()

    def compute(self) -> dict[str, Tensor]:
        """`<name>`, and from two points on `<name>_se`: float64 scalars, in nats.

        Raises:
            ArgumentError: if there is no test point.
        """
        return average_with_error(self.name, self.count, self.density_sum, self.square_sum)
