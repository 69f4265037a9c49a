"""Units for numbers whose squares float64 does not hold."""

from __future__ import annotations

import math
import sys

from hypothesis import given
from hypothesis import strategies as st

from bench.metrics.ranges import choose_unit


@given(sizes=st.lists(st.floats(0, sys.float_info.max), min_size=1, max_size=4))
def test_squares_of_the_largest_are_held(sizes: list[float]) -> None:
    unit = choose_unit(*sizes)
    assert math.frexp(unit)[0] == 0.5  # a power of two
    largest = max(sizes) / unit
    assert largest**2 < 1e190
    assert largest == 0 or largest**2 > 1e-190 or largest * unit < sys.float_info.min
    assert largest * unit == max(sizes)


@given(size=st.floats(1e-90, 1e90))
def test_ordinary_numbers_stay_as_they_are(size: float) -> None:
    assert choose_unit(size, 0.0) == 1
