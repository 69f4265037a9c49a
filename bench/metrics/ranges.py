"""Numbers so large or small that float64 does not hold their squares: measured in another unit."""

from __future__ import annotations

import math

_ORDINARY = 2.0**-300, 2.0**300
"""Sizes whose squares, and sums of them, float64 holds with all digits."""


def choose_unit(*sizes: float, ordinary: tuple[float, float] = _ORDINARY) -> float:
    """The power of two to divide numbers of these sizes by, so that float64 holds their squares: 1 for ordinary ones.

    Division by it is exact.

    Args:
        sizes: absolute values, of which the largest counts; finite.
        ordinary: between which sizes numbers are left as they are.
    """
    largest = max(sizes)
    if largest == 0 or ordinary[0] < largest < ordinary[1]:
        return 1.0
    return math.ldexp(1.0, min(max(math.frexp(largest)[1], -1022), 1023))
