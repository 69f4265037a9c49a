"""Our figures beside published ones: margins against SciPy's intervals, verdicts at their edges, orders by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.analysis import summarise
from bench.analysis.published import Placed, compare_orders, compare_published, judge, measure_margin, measure_rounding
from bench.column import Columns
from bench.published import PublishedFigure
from tests.analysis.frames import frame

NO_ERRORS = pd.DataFrame(columns=["dataset", "method", "metric", "stderr"])


def figure(method: str = "kl", value: float = 1.0, **given: object) -> PublishedFigure:
    return PublishedFigure.model_validate(
        {"source": "A 2016", "method": method, "metric": "fid", "value": value} | given
    )


def placed(*figures: PublishedFigure) -> list[Placed]:
    return [Placed(own, "ring", protocol="") for own in figures]


def summary_of(values: dict[str, list[float]]) -> pd.DataFrame:
    runs = frame([{"method": m, "seed": s, "fid": v} for m, own in values.items() for s, v in enumerate(own)])
    return summarise(runs, Columns()).assign(protocol="")


@given(st.floats(0.01, 10), st.integers(2, 50))
def test_a_standard_deviation_of_n_runs_gives_students_interval(spread: float, n: int) -> None:
    low, high = stats.t.interval(0.95, n - 1, loc=0, scale=spread / math.sqrt(n))
    margin = measure_margin(figure(spread=spread, n=n, spread_is="standard deviation"))
    assert margin == pytest.approx((high - low) / 2)


def test_margins_of_other_spreads() -> None:
    assert measure_margin(figure(spread=2.0, spread_is="standard error")) == pytest.approx(
        stats.norm.interval(0.95)[1] * 2
    )
    assert measure_margin(figure(spread=2.0)) == 2.0
    assert measure_margin(figure(spread=2.0, spread_is="standard deviation")) == 2.0, "of how many runs is not known"
    assert math.isnan(measure_margin(figure()))


@pytest.mark.parametrize(
    ("value", "half"), [(1.01, 0.005), (1.5782, 5e-5), (225.0, 0.5), (-3.6, 0.05), (1e-3, 5e-4), (math.inf, 0.0)]
)
def test_half_a_unit_of_the_last_digit(value: float, half: float) -> None:
    assert measure_rounding(value) == pytest.approx(half)


def test_an_exact_figure_agrees_with_a_rounded_one() -> None:
    entries = placed(figure("kl", 1.01), figure("js", 1.02))
    found = compare_published(summary_of({"kl": [1.0099, 1.0099], "js": [1.0099, 1.0099]}), NO_ERRORS, entries)
    assert found["agreement"].tolist() == ["within our error", "outside our error"]


@pytest.mark.parametrize(
    ("difference", "margin", "theirs", "verdict"),
    [
        (3.0, 1.0, 2.0, "within both errors"),
        (-3.0, 1.0, 2.0, "within both errors"),
        (3.01, 1.0, 2.0, "outside both errors"),
        (1.0, 1.0, math.nan, "within our error"),
        (-1.01, 1.0, math.nan, "outside our error"),
        (0.0, math.nan, 1.0, ""),
    ],
)
def test_verdicts(difference: float, margin: float, theirs: float, verdict: str) -> None:
    assert judge(difference, margin, theirs) == verdict


def test_our_margin_is_that_of_the_interval_over_seeds() -> None:
    values = [1.0, 2.0, 4.0]
    (row,) = compare_published(summary_of({"kl": values}), NO_ERRORS, placed(figure(value=2.0))).to_dict("records")
    expected = stats.t.ppf(0.975, 2) * np.std(values, ddof=1) / math.sqrt(3)
    assert (row["margin"], row["difference"]) == (pytest.approx(expected), pytest.approx(np.mean(values) - 2))
    assert row["agreement"] == "within our error"


def test_a_single_seed_has_the_margin_of_its_own_standard_error() -> None:
    summary = summary_of({"kl": [3.0]})
    errors = pd.DataFrame([{"dataset": "ring", "method": "kl", "metric": "fid", "stderr": 0.5}])
    (known,) = compare_published(summary, errors, placed(figure(value=2.5))).to_dict("records")
    (unknown,) = compare_published(summary, NO_ERRORS, placed(figure(value=2.5))).to_dict("records")
    assert known["margin"] == pytest.approx(1.959964 * 0.5)
    assert known["agreement"] == "within our error"
    assert (math.isnan(unknown["margin"]), unknown["agreement"]) == (True, "")


def test_only_figures_of_ours_under_the_same_protocol_are_compared() -> None:
    summary = summary_of({"kl": [1.0, 2.0]})
    other = [Placed(figure(), "ring", "inception"), Placed(figure(), "grid", ""), Placed(figure("js"), "ring", "")]
    assert compare_published(summary, NO_ERRORS, other).empty


def test_orders_with_ties_and_kendalls_tau() -> None:
    summary = summary_of({"a": [3.0], "b": [2.0], "c": [2.0], "d": [0.0]})
    published = placed(*(figure(m, v) for m, v in {"a": 4.0, "b": 1.0, "c": 2.0, "d": 0.5}.items()))
    (row,) = compare_orders(compare_published(summary, NO_ERRORS, published)).to_dict("records")
    assert (row["published_order"], row["our_order"]) == ("a > c > b > d", "a > b = c > d")
    # 6 pairs, 5 concordant, one tied on our side: tau_b = 5 / sqrt(5 * 6)
    assert row["tau"] == pytest.approx(5 / math.sqrt(30))


def test_two_methods_have_no_order_and_equal_figures_no_tau() -> None:
    two = compare_published(summary_of({"a": [3.0], "b": [2.0]}), NO_ERRORS, placed(figure("a"), figure("b", 2.0)))
    assert compare_orders(two).empty
    equal = compare_published(
        summary_of({"a": [1.0], "b": [1.0], "c": [1.0]}),
        NO_ERRORS,
        placed(*(figure(m, v) for v, m in enumerate("abc"))),
    )
    assert math.isnan(compare_orders(equal)["tau"].iloc[0])
