"""Calibration as data frames: every figure against its definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bench.reporting.calibration.frames import (
    ACCURACY,
    COMPARISONS,
    compare_estimates,
    keep_shared,
    measure_accuracy,
    measure_effort,
    select_runs,
    summarise,
)
from tests.analysis.declared import COLUMNS
from tests.reporting.calibration.calibrations import frame, run


def test_every_estimate_stands_beside_its_exact_value() -> None:
    values = {"kl": (0.4, 0.1, 0.5), "js": (0.3, None, 0.2)}
    told = compare_estimates(
        frame([run("knn", 3, shape="scaled", dimensions=5, size=0.5, points=1000, values=values)]), COLUMNS
    )
    assert list(told.columns) == COMPARISONS
    kl, js = told.to_dict(orient="records")
    assert (kl["estimator"], kl["shape"], kl["dimensions"], kl["size"], kl["points"]) == ("knn", "scaled", 5, 0.5, 1000)
    assert (kl["seed"], kl["divergence"], kl["exact"], kl["estimate"], kl["se"]) == (3, "kl", 0.5, 0.4, 0.1)
    assert kl["error"] == pytest.approx(-0.1)
    assert kl["relative_error"] == pytest.approx(-0.2)
    assert (js["divergence"], math.isnan(js["se"])) == ("js", True)
    assert js["relative_error"] == pytest.approx(0.5)


def test_where_there_can_be_no_error_there_is_none() -> None:
    values = {
        "kl": (None, None, 0.5),
        "js": (math.inf, 1.0, 0.2),
        "pearson": (3.0, 1.0, math.inf),
        "total_variation": (0.3, 0.1, None),
    }
    told = compare_estimates(frame([run(values=values)]), COLUMNS).set_index("divergence")
    assert told["error"].isna().all()
    assert told["relative_error"].isna().all()
    assert told.loc["pearson", "exact"] == math.inf
    judged = measure_accuracy(told.reset_index(), ["divergence"]).set_index("divergence")
    assert list(judged.index) == ["kl", "js"]  # the two whose exact value is finite
    assert judged["unusable"].tolist() == [1, 1]
    assert judged["values"].tolist() == [0, 0]
    assert judged[["bias", "rmse", "coverage"]].isna().all(axis=None)


def test_relative_errors_of_gan_are_over_its_distance_from_equal_laws() -> None:
    exact = 0.3 - 2 * math.log(2)
    told = compare_estimates(
        frame([run(values={"gan": (exact - 0.03, None, exact), "js": (0.27, None, 0.3)})]), COLUMNS
    )
    assert told["relative_error"].tolist() == pytest.approx([-0.1, -0.1])


def test_failures_are_runs_without_estimates() -> None:
    runs = frame([run(seed=0), run(seed=1, status="failed", error="x", estimate_seconds=math.nan)])
    assert len(compare_estimates(runs, COLUMNS)) == 1
    told = measure_effort(select_runs(runs), ["estimator", "points"]).iloc[0]
    assert (told["runs"], told["failed"], told["seconds"]) == (2, 1, 2.0)


def test_other_runs_are_left_alone_and_repeated_ones_count_once() -> None:
    early, late = pd.Timestamp("2026-01-01", tz="UTC"), pd.Timestamp("2026-02-01", tz="UTC")
    rows = [
        run(run_id="new", values={"kl": (0.7, 0.1, 0.5)}, started_at=late),
        run(run_id="old", values={"kl": (0.1, 0.1, 0.5)}, started_at=early),
        run(run_id="model", config='{"model": {}}'),
    ]
    assert compare_estimates(frame(rows), COLUMNS)["estimate"].tolist() == [0.7]


def test_versions_of_an_estimator_are_told_apart() -> None:
    runs = frame([run(seed=0), run(seed=1, protocol_estimator="knn/2"), run("other")])
    assert select_runs(runs)["estimator"].tolist() == ["knn (knn/1)", "knn (knn/2)", "other"]


def test_no_runs() -> None:
    for empty in (pd.DataFrame(), frame([run()]).iloc[:0], frame([run(config="{}")])):
        assert compare_estimates(empty, COLUMNS).empty
        assert list(compare_estimates(empty, COLUMNS).columns) == COMPARISONS
        assert summarise(empty, COLUMNS).empty
    assert measure_accuracy(compare_estimates(pd.DataFrame(), COLUMNS), ["estimator"]).columns.tolist() == [
        "estimator",
        *ACCURACY,
    ]


def errors(values: list[float], se: float | None = 1.0) -> pd.DataFrame:
    """Comparisons with these errors, exact value 2."""
    rows = [run(seed=i, values={"kl": (2.0 + value, se, 2.0)}) for i, value in enumerate(values)]
    return compare_estimates(frame(rows), COLUMNS)


@given(arrays.arrays(float, st.integers(2, 12), elements=st.floats(-50, 50)))
def test_figures_follow_their_definitions(values: np.ndarray) -> None:
    told = measure_accuracy(errors(values.tolist()), ["estimator"]).iloc[0]
    assert told["values"] == len(values)
    assert told["bias"] == pytest.approx(np.mean(values), abs=1e-9)
    assert told["bias_se"] == pytest.approx(np.std(values, ddof=1) / len(values) ** 0.5, abs=1e-9)
    assert told["rmse"] == pytest.approx(np.sqrt(np.mean(values**2)), abs=1e-9)
    # the RMSE's two parts
    assert told["rmse"] ** 2 == pytest.approx(told["bias"] ** 2 + np.var(values), abs=1e-6)
    assert told["relative_bias"] == pytest.approx(told["bias"] / 2, abs=1e-9)
    assert told["relative_rmse"] == pytest.approx(told["rmse"] / 2, abs=1e-9)
    assert told["median_relative_error"] == pytest.approx(np.median(np.abs(values)) / 2, abs=1e-9)
    assert told["coverage_low"] <= told["coverage"] <= told["coverage_high"]


def test_shares() -> None:
    told = measure_accuracy(errors([-9.0, -1.0, 0.0, 1.0, 1.9, 2.1, 2.9, 3.1, 8.0, -2.1]), ["estimator"]).iloc[0]
    assert told["coverage"] == pytest.approx(4 / 10)
    assert told["above_3_se"] == pytest.approx(2 / 10)
    # Wilson's interval for 4 of 10
    z, n, share = 1.959964, 10, 0.4
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert (told["coverage_low"], told["coverage_high"]) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_one_seed_has_no_spread_and_no_standard_errors_no_coverage() -> None:
    told = measure_accuracy(errors([0.5], se=None), ["estimator"]).iloc[0]
    assert (told["bias"], told["rmse"]) == (0.5, 0.5)
    assert pd.isna(told["bias_se"])
    assert told[["coverage", "coverage_low", "coverage_high", "above_3_se"]].isna().all()


def test_errors_of_different_sizes_are_pooled_by_their_own_exact_values() -> None:
    rows = [
        run(size=0.05, values={"kl": (0.06, 1.0, 0.05)}),
        run(size=2.0, values={"kl": (1.8, 1.0, 2.0)}),
    ]
    told = measure_accuracy(compare_estimates(frame(rows), COLUMNS), ["estimator"]).iloc[0]
    assert told["relative_bias"] == pytest.approx((0.2 - 0.1) / 2)
    assert told["relative_rmse"] == pytest.approx(math.sqrt((0.2**2 + 0.1**2) / 2))


def test_what_is_shared() -> None:
    """At 1,000 points both finished seed 0 and both know kl; at 200 points there is one estimator alone."""
    both: dict[str, Any] = {"kl": (0.5, 0.1, 0.5), "js": (0.2, 0.1, 0.2)}
    one = {"kl": (0.5, 0.1, 0.5)}
    rows = [
        run("critic", 0, values=both),
        run("critic", 1, values=both),
        run("knn", 0, values=one),
        run("knn", 1, values=one, status="failed"),
        run("critic", 0, points=200, values=both),
    ]
    told = keep_shared(compare_estimates(frame(rows), COLUMNS))
    found = set(zip(told["estimator"], told["points"], told["seed"], told["divergence"], strict=True))
    assert found == {
        ("critic", 1000, 0, "kl"),
        ("knn", 1000, 0, "kl"),
        ("critic", 200, 0, "kl"),
        ("critic", 200, 0, "js"),
    }
    by_divergence = keep_shared(compare_estimates(frame(rows[:4]), COLUMNS), ["divergence"])
    assert set(zip(by_divergence["estimator"], by_divergence["seed"], by_divergence["divergence"], strict=True)) == {
        ("critic", 0, "kl"),
        ("knn", 0, "kl"),
        ("critic", 0, "js"),
        ("critic", 1, "js"),
    }


def test_the_summary_has_a_row_per_estimator_and_number_of_points() -> None:
    rows = [run(name, seed, points=n) for name in ("a", "b") for n in (200, 1000) for seed in (0, 1)]
    told = summarise(frame([*rows, run("c", status="failed")]), COLUMNS)
    assert list(zip(told["estimator"], told["points"], told["runs"], strict=True)) == [
        ("a", 200, 2),
        ("a", 1000, 2),
        ("b", 200, 2),
        ("b", 1000, 2),
        ("c", 1000, 1),
    ]
    assert told["values"].tolist()[:4] == [2, 2, 2, 2]
    assert pd.isna(told["values"].iloc[4])
