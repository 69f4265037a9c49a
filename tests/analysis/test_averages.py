"""Averages that outliers do not move much."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.analysis.averages import interquartile_mean


def test_a_worked_example() -> None:
    """Wikipedia, "Interquartile mean": nine values, of which 2.25 are cut at each end; the edges count by 0.75."""
    values = np.array([1.0, 3, 5, 7, 9, 11, 13, 15, 17])
    assert interquartile_mean(values) == pytest.approx((0.75 * 5 + 7 + 9 + 11 + 0.75 * 13) / 4.5)
    assert interquartile_mean(values) == 9.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=10).map(lambda own: own * 4))
def test_where_quarters_are_whole_it_is_scipys(values: list[float]) -> None:
    """Rounding of sums of at most 40 float64 numbers."""
    expected = stats.trim_mean(values, 0.25)
    assert interquartile_mean(np.array(values)) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_it_is_the_mean_of_the_middle_half_of_each_value_taken_four_times(values: list[float]) -> None:
    expected = stats.trim_mean(np.repeat(values, 4), 0.25)
    assert interquartile_mean(np.array(values)) == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_of_one_figure_it_is_the_figure() -> None:
    assert interquartile_mean(np.array([3.5])) == 3.5


def test_infinite_figures_outside_the_middle_half_do_not_count() -> None:
    assert interquartile_mean(np.array([1.0, 2.0, 3.0, math.inf])) == 2.5
    assert interquartile_mean(np.array([1.0, math.inf])) == math.inf
