"""Intervals for means over seeds."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from bench.analysis.intervals import (
    BCA,
    BCA_FROM,
    BCA_UP_TO,
    STUDENT,
    _student,
    expand_level,
    intervals_of,
    mean_intervals,
)

DARWIN = np.array([49.0, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]) / 8
"""Heights of cross- less self-fertilised Zea mays, inches (Darwin 1876; Fisher 1935, "The Design of Experiments")."""
SPATIAL = np.array(
    [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41]
)
"""Spatial test of 26 children (Efron & Tibshirani 1993, "An Introduction to the Bootstrap", table 14.1, A)."""


def test_students_interval_is_that_of_a_published_example() -> None:
    """The sleep data of Student (1908) as R's `?sleep` pairs them: drug 1 less drug 2, (−2.4598858, −0.7001142)."""
    hours = np.array([[-1.2, -2.4, -1.3, -1.3, 0.0, -1.0, -1.8, -0.8, -4.6, -1.4]])
    np.testing.assert_allclose(_student(hours)[:, 0], [-2.4598858, -0.7001142], atol=5e-8)


def test_scipys_bca_is_that_of_the_book() -> None:
    """Efron & Tibshirani, table 14.2: the variance of the spatial data, 171.5, has the 90 % interval (115.8, 259.6).

    Their ends are those of 2,000 resamples: the standard error of an end is about 2 (from 200 repetitions here).
    """
    found = stats.bootstrap(
        (SPATIAL,), np.var, confidence_level=0.9, method="BCa", n_resamples=20_000, rng=np.random.default_rng(0)
    )
    assert np.var(SPATIAL) == pytest.approx(171.5, abs=0.05)
    np.testing.assert_allclose(found.confidence_interval, [115.8, 259.6], atol=4)


def test_few_seeds_have_students_interval_and_more_the_bootstraps() -> None:
    samples = np.random.default_rng(0).lognormal(size=(3, BCA_FROM))
    few, many = mean_intervals(samples[:, :-1]), mean_intervals(samples)
    assert few.kind.tolist() == [STUDENT] * 3
    assert many.kind.tolist() == [BCA] * 3
    expected = [stats.ttest_1samp(sample, 0).confidence_interval() for sample in samples[:, :-1]]
    np.testing.assert_allclose(np.stack([few.low, few.high], axis=1), expected, rtol=1e-12)
    for low, high, sample in zip(many.low, many.high, samples, strict=True):
        reference = stats.bootstrap(
            (sample,), np.mean, n_resamples=50_000, confidence_level=expand_level(BCA_FROM),
            rng=np.random.default_rng(1),
        )  # fmt: skip
        # BCa moves ends of skewed samples to quantiles as far as 0.1 %: of 2,999 resamples a standard error of .17.
        np.testing.assert_allclose(
            [low, high], reference.confidence_interval, atol=4 * 0.17 * sample.std() / math.sqrt(BCA_FROM)
        )


@given(
    samples=arrays(float, st.tuples(st.integers(1, 3), st.integers(BCA_FROM, 40)), elements=st.floats(-3, 3)),
    offset=st.sampled_from([0.0, 1e6]),
)
def test_the_bootstrap_is_scipys_of_the_same_resamples(samples: np.ndarray, offset: float) -> None:
    """SciPy takes resamples' means that are given: then both have the same ends, but for rounding and ties.

    Of these a few are the sample itself in another order (about 7 of 2,999 for eight figures): SciPy sees that their
    means are equal to the sample's only if they are so to the last digit.
    """
    rows, n = samples.shape
    figures = np.round(samples, 3) + np.random.default_rng(n).lognormal(size=samples.shape)
    weights = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=2_999) / n
    found = mean_intervals(figures + offset)
    for row in range(rows):
        mean, spread = figures[row].mean(), np.ptp(figures[row])
        means = figures[row] @ weights.T
        given_means = SimpleNamespace(bootstrap_distribution=np.where(np.abs(means - mean) < 1e-12, mean, means))
        expected = stats.bootstrap(
            (figures[row],), np.mean, n_resamples=0, bootstrap_result=given_means, method="BCa",
            confidence_level=expand_level(n),
        ).confidence_interval  # fmt: skip
        assert found.kind[row] == BCA
        ends = [found.low[row] - offset, found.high[row] - offset]
        np.testing.assert_allclose(ends, expected, rtol=0, atol=1e-9 * (spread + offset))


def test_so_many_seeds_have_students_interval() -> None:
    """The two then are the same to a twentieth of the standard error, for figures as skewed as exponential ones."""
    samples = np.random.default_rng(0).exponential(size=(2, BCA_UP_TO + 1))
    more, fewer = mean_intervals(samples), mean_intervals(samples[:, :-1])
    assert (more.kind.tolist(), fewer.kind.tolist()) == ([STUDENT] * 2, [BCA] * 2)
    stderr = samples.std() / math.sqrt(BCA_UP_TO)
    np.testing.assert_allclose([more.low, more.high], [fewer.low, fewer.high], atol=0.2 * stderr)


def test_the_bootstraps_level_is_expanded_for_few_seeds() -> None:
    """By hand for ten: √(10/9) · 2.26216 = 2.38452, and a normal variable is within that of 0 with 0.98290."""
    assert expand_level(10) == pytest.approx(0.98290, abs=1e-5)
    assert expand_level(100_000) == pytest.approx(0.95, abs=1e-4)


def test_an_interval_does_not_depend_on_the_others() -> None:
    samples = np.random.default_rng(0).normal(size=(400, 12))
    all_of_them, alone = mean_intervals(samples), mean_intervals(samples[377:378])
    assert (all_of_them.low[377], all_of_them.high[377]) == (alone.low[0], alone.high[0])


@pytest.mark.parametrize("n", [2, 12])
def test_of_equal_figures_it_is_the_figure(n: int) -> None:
    found = mean_intervals(np.full((1, n), 0.1))
    assert (found.low[0], found.high[0]) == (pytest.approx(0.1), pytest.approx(0.1))


def test_one_figure_and_infinite_ones_have_none() -> None:
    found = intervals_of([np.array([1.0]), np.array([1.0, math.inf, 2.0]), np.array([1.0, 2.0]), np.array([])])
    assert np.isnan(found.low).tolist() == [True, True, False, True]
    assert found.kind.tolist() == ["", "", STUDENT, ""]


def test_more_resamples_than_memory_holds_at_once_are_no_matter() -> None:
    found = mean_intervals(np.random.default_rng(0).normal(size=(2, 3_000)))
    assert np.isfinite(found.low).all()
