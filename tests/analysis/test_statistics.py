"""Means, spreads and counts over the seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.statistics import SUMMARY, count_outcomes, summarise
from bench.analysis.variants import identify_runs
from bench.errors import BenchError
from tests.analysis.declared import COLUMNS
from tests.reporting import synthetic

_FIGURES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6)


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Runs with what identifies them filled in."""
    common = {"dataset": "ring", "method": "vae", "status": "done", "family": "vae"}
    return pd.DataFrame([{"run_id": f"r{i}", "seed": i} | common | row for i, row in enumerate(rows)])


@given(st.dictionaries(st.sampled_from("abc"), _FIGURES, min_size=1))
def test_mean_and_spread_are_numpys(figures: dict[str, list[float]]) -> None:
    rows = [{"method": m, "seed": s, "elbo": v} for m, values in figures.items() for s, v in enumerate(values)]
    summary = summarise(frame(rows), COLUMNS).set_index("method")
    assert len(summary) == len(figures)
    for method, values in figures.items():
        row, scale = summary.loc[method], max(map(abs, values)) or 1.0
        # Rounding of sums of at most six float64 numbers.
        assert row["mean"] == pytest.approx(np.mean(values), abs=1e-13 * scale)
        assert (row["minimum"], row["maximum"], row["n"]) == (min(values), max(values), len(values))
        if len(values) > 1:
            assert row["std"] == pytest.approx(np.std(values, ddof=1), rel=1e-9, abs=1e-9 * scale)
        else:
            assert math.isnan(row["std"])


def test_summary_agrees_with_a_plain_groupby(runs: pd.DataFrame) -> None:
    expected = runs[runs["status"] == "done"].groupby(["dataset", "method"])["fid"].agg(["mean", "std", "count"])
    summary = summarise(runs, COLUMNS)
    fid = summary[summary["metric"] == "fid"].set_index(["dataset", "method"]).loc[expected.index]
    np.testing.assert_allclose(fid["mean"], expected["mean"], rtol=1e-12)
    np.testing.assert_allclose(fid["std"], expected["std"], rtol=1e-9)
    assert fid["n"].tolist() == expected["count"].tolist()


def test_columns_are_tidy(runs: pd.DataFrame) -> None:
    summary = summarise(runs, COLUMNS)
    assert list(summary) == SUMMARY
    assert not summary.duplicated(["dataset", "method", "metric", "protocol"]).any()
    assert not set(summary["metric"]) & {"seed", "steps", "cohort_size", "eval_seconds", "elbo_se", "div_kl_se"}


def test_what_does_not_apply_has_no_row(runs: pd.DataFrame) -> None:
    summary = summarise(runs, COLUMNS)
    assert set(summary.loc[summary["metric"] == "elbo", "method"]) == {"vae"}
    assert "vae" not in set(summary.loc[summary["metric"] == "training_bound", "method"])


def test_only_finished_runs_have_figures() -> None:
    runs = frame([{"fid": 1.0}, {"fid": 100.0, "status": "failed"}, {"fid": 100.0, "status": "interrupted"}])
    assert summarise(runs, COLUMNS)[["mean", "n"]].to_dict("list") == {"mean": [1.0], "n": [1]}


def test_a_seed_counts_once_and_the_latest_run_of_it_counts() -> None:
    rows = [{"seed": 0, "fid": 1.0, "started_at": pd.Timestamp(f"2026-01-0{day}", tz="UTC")} for day in (3, 1)]
    rows[0]["fid"] = 5.0
    assert summarise(frame(rows), COLUMNS)[["mean", "n"]].to_dict("list") == {"mean": [5.0], "n": [1]}


def test_infinite_figures_are_not_dropped() -> None:
    summary = summarise(frame([{"div_pearson": math.inf}, {"div_pearson": 1.0}]), COLUMNS)
    assert summary.loc[0, "mean"] == math.inf
    assert summary.loc[0, "n"] == 2


def test_nullable_and_object_columns_are_read() -> None:
    runs = frame([{"modes_covered": 8}, {"modes_covered": None}])
    runs["modes_covered"] = runs["modes_covered"].astype("Int64")
    runs["mine"] = pd.Series([None, 2.5], dtype=object)
    runs["note"] = ["text", None]
    summary = summarise(runs, COLUMNS).set_index("metric")
    assert summary["n"].to_dict() == {"modes_covered": 1, "mine": 1}


def test_no_runs_give_an_empty_frame() -> None:
    assert list(summarise(pd.DataFrame(), COLUMNS)) == SUMMARY
    assert summarise(pd.DataFrame(), COLUMNS).empty


def test_a_frame_that_identifies_no_runs_is_refused() -> None:
    with pytest.raises(BenchError, match="lacks method, seed, status"):
        summarise(pd.DataFrame({"run_id": ["a"], "dataset": ["ring"]}), COLUMNS)


def test_failures_are_counted(runs: pd.DataFrame) -> None:
    count = count_outcomes(identify_runs(runs), synthetic.suite()).set_index(["dataset", "method"])
    assert count.loc[("ring", "reverse_kl"), ["done", "diverged", "total"]].tolist() == [2, 1, 3]
    assert count.loc[("digits", "kl"), ["done", "failed", "total"]].tolist() == [2, 1, 3]
    assert count.loc[("digits", "js"), ["done", "not_run", "total"]].tolist() == [1, 2, 3]
    assert (count["done"] + count["diverged"] + count["failed"] + count["not_run"] == count["total"]).all()


def test_counts_follow_the_order_of_the_suite(runs: pd.DataFrame) -> None:
    suite = synthetic.suite() | {"datasets": ["digits", {"name": "ring", "scale": 0.5, "modes": 8}]}
    label = "ring(modes=8, scale=0.5)"  # as the suite calls it, and runs
    named = runs.assign(dataset=runs["dataset"].replace("ring", label))
    count = count_outcomes(identify_runs(named.sample(frac=1, random_state=0)), suite)
    expected = [(d, m) for d in ("digits", label) for m in synthetic.METHODS]
    assert list(zip(count["dataset"], count["method"], strict=True)) == expected
    kl = count.set_index(["dataset", "method"]).loc[(label, "js")]
    assert kl["not_run"] + kl["done"] + kl["diverged"] + kl["failed"] == kl["total"] == 3


def test_planned_methods_without_runs_are_counted() -> None:
    suite = {"seeds": [4, 5], "datasets": ["ring", "grid"], "methods": {"vae": {}, "kl": {}}}
    count = count_outcomes(identify_runs(frame([{"seed": 4}])), suite).set_index(["dataset", "method"])
    assert count["not_run"].to_dict() == {("ring", "vae"): 1, ("ring", "kl"): 2, ("grid", "vae"): 2, ("grid", "kl"): 2}


def test_an_interrupted_run_is_no_result() -> None:
    suite = {"seeds": 2, "datasets": ["ring"], "methods": {"vae": {}}}
    count = count_outcomes(identify_runs(frame([{}, {"status": "interrupted"}])), suite)
    assert count[["done", "not_run", "total"]].to_numpy().tolist() == [[1, 1, 2]]


def test_reach_of_ceilings_is_averaged_and_seeds_at_them_are_counted() -> None:
    rows = [
        {"method": method, "seed": seed, "div_kl": value, "div_kl_reach": reach, "fid": 1.0}
        for method, seeds in {"a": [(3.0, 0.3), (10.2, 1.0)], "b": [(4.0, 0.4)]}.items()
        for seed, (value, reach) in enumerate(seeds)
    ]
    summary = summarise(frame(rows), COLUMNS).set_index(["method", "metric"])
    assert summary.loc[("a", "div_kl"), ["mean", "reach", "at_ceiling"]].tolist() == [6.6, 0.65, 1]
    assert summary.loc[("b", "div_kl"), ["mean", "reach", "at_ceiling"]].tolist() == [4.0, 0.4, 0]
    assert math.isnan(summary.loc[("a", "fid"), "reach"])
    assert summary.loc[("a", "fid"), "at_ceiling"] == 0
    assert "div_kl_reach" not in summary.index.get_level_values("metric")
