"""Means over examples and their standard errors, from sums that merge across processes."""

from __future__ import annotations

from torch import Tensor

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
