"""The best of k trials, against all subsets counted one by one."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis import best_of_k, best_so_far
from bench.analysis.best_of import BAND

FIGURE = st.one_of(st.just(math.nan), st.integers(-4, 4).map(float), st.floats(-1e6, 1e6))
"""Few whole numbers, so that there are ties; NaN for a trial without a figure."""


def count_out(values: list[float], k: int, better: str) -> list[float]:
    """The best of every subset of k trials, each as likely as any other, the luckiest first; ∞ for the worst."""
    sign = 1 if better == "lower" else -1
    signed = [math.inf if math.isnan(value) else sign * value for value in values]
    return sorted(min(subset) for subset in combinations(signed, k))


@given(st.lists(FIGURE, min_size=1, max_size=7), st.sampled_from(["lower", "higher"]))
def test_quantiles_and_means_are_those_of_all_subsets(values: list[float], better: str) -> None:
    sign = 1 if better == "lower" else -1
    curve = best_of_k(values, better)  # type: ignore[arg-type]
    assert curve["k"].tolist() == list(range(1, len(values) + 1))
    for row in curve.itertuples():
        bests = count_out(values, row.k, better)
        at = [sign * bests[math.ceil(Fraction(str(share)) * len(bests)) - 1] for share in BAND]
        assert (row.low, row.median, row.high) == (min(at[0], at[2]), at[1], max(at[0], at[2]))
        mean = sign * sum(bests) / len(bests)
        assert row.mean == pytest.approx(mean, rel=1e-9, abs=1e-6)  # rounding of sums of numbers up to 1e6


def test_subsets_stand_for_orders() -> None:
    """The first k of an order, over all orders, are every subset equally often."""
    values = [3.0, 1.0, 2.0, math.nan]
    bests = sorted(min(math.inf if math.isnan(v) else v for v in order[:2]) for order in permutations(values))
    assert best_of_k(values, "lower")["median"][1] == bests[len(bests) // 2 - 1]
    assert bests == sorted(best for best in count_out(values, 2, "lower") for _ in range(4))


def test_all_trials_together_have_the_best() -> None:
    values = np.random.default_rng(0).normal(size=200)
    last = best_of_k(values, "higher").iloc[-1]
    assert last[["low", "median", "high"]].tolist() == [values.max()] * 3
    assert last["mean"] == pytest.approx(values.max(), rel=1e-12)


def test_more_trials_are_never_worse() -> None:
    curve = best_of_k([*np.random.default_rng(1).exponential(size=40), *[math.nan] * 10], "lower")
    for name in ("low", "median", "high", "mean"):
        assert (np.diff(curve[name][10:]) <= 1e-12).all()
    assert np.isinf(curve["mean"][:10]).all()  # ten trials in a row may have no figure
    assert np.isfinite(curve["mean"][10:]).all()


def test_where_no_trial_has_a_figure_there_is_no_curve() -> None:
    curve = best_of_k([math.nan, math.nan], "higher")
    assert (curve[["low", "median", "high", "mean"]] == -math.inf).all(axis=None)


def test_the_best_so_far() -> None:
    found = best_so_far([math.nan, 2.0, 3.0, 1.0], "lower")
    assert found["best"].tolist() == [math.inf, 2.0, 2.0, 1.0]
    assert best_so_far([1.0, math.nan, 3.0], "higher")["best"].tolist() == [1.0, 1.0, 3.0]
