"""Methods compared by pairs over the seeds that they share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis.pairs import AT_CEILING, INFINITE, NO_PAIRS, PAIRS, compare_methods, improvement
from bench.analysis.verdicts import Verdict
from bench.errors import BenchError
from tests.analysis.declared import COLUMNS


def runs_of(figures: dict[str, list[float | None]], metric: str = "fid", **more: Any) -> pd.DataFrame:
    """A run for each figure; None for one that diverged."""
    return pd.DataFrame([
        {"run_id": f"{method}{seed}", "dataset": "ring", "method": method, "seed": seed, metric: value}
        | {"status": "done" if value is not None else "diverged"} | more
        for method, values in figures.items()
        for seed, value in enumerate(values)
    ])  # fmt: skip


def only(frame: pd.DataFrame) -> dict[str, Any]:
    (row,) = frame.to_dict(orient="records")
    return {str(name): value for name, value in row.items()}


def test_a_difference_is_paired_by_seed() -> None:
    """A seed's own effect is far larger than the difference, which pairs see and two samples do not."""
    random = np.random.default_rng(0)
    effect, n = random.normal(0, 10, 10), 10
    a, b = effect + random.normal(0, 0.1, n), effect + 1 + random.normal(0, 0.1, n)
    row = only(compare_methods(runs_of({"a": list(a), "b": list(b)}).sample(frac=1, random_state=0), COLUMNS))
    sign = 1 if row["method"] == "a" else -1
    assert row["difference"] == pytest.approx(sign * (a - b).mean())
    assert sign * row["difference"] < 0
    assert row["verdict"] == (Verdict.BETTER if sign == 1 else Verdict.WORSE)  # lower FID is better
    assert stats.ttest_ind(a, b).pvalue > 0.5
    assert (row["n"], row["p"], row["comparisons"]) == (10, 2 / 2**10, 1)
    assert row["low"] < row["difference"] < row["high"]


def test_too_few_seeds_cannot_tell_however_clear_it_looks() -> None:
    row = only(compare_methods(runs_of({"a": [1.0, 1.1, 1.2, 1.0, 1.1], "b": [9.0, 9.1, 9.0, 9.3, 9.2]}), COLUMNS))
    assert row["verdict"] == Verdict.UNTOLD
    assert row["why"] == "5 shared seeds; at least 6 are needed for 1 comparison"
    assert (row["wins"], row["losses"], row["improvement"]) == (5, 0, 1.0)
    assert row["high"] < 0


def test_more_comparisons_need_more_seeds() -> None:
    random = np.random.default_rng(0)
    figures = {name: list(place * 10 + random.normal(size=8)) for place, name in enumerate("abcde")}
    runs = runs_of(figures)
    assert set(compare_methods(runs, COLUMNS)["verdict"]) == {Verdict.UNTOLD}
    assert compare_methods(runs, COLUMNS)["comparisons"].unique().tolist() == [10]
    few = compare_methods(runs[runs["method"].isin(list("abcd"))], COLUMNS)
    assert (few["comparisons"].iloc[0], set(few["verdict"])) == (6, {Verdict.BETTER})


def test_the_family_of_a_correction_can_be_chosen() -> None:
    runs = runs_of({"a": [1.0] * 8, "b": [2.0] * 8}).assign(kid=lambda own: own["fid"])
    assert set(compare_methods(runs, COLUMNS)["comparisons"]) == {1}
    assert set(compare_methods(runs, COLUMNS, family=())["comparisons"]) == {2}


def test_noise_is_called_noise_where_it_could_have_been_told() -> None:
    values = np.random.default_rng(3).normal(size=(2, 10))
    row = only(compare_methods(runs_of({"a": list(values[0]), "b": list(values[1])}), COLUMNS))
    assert row["verdict"] == Verdict.WITHIN_NOISE
    assert row["low"] < 0 < row["high"]


def test_interval_and_test_must_both_exclude_zero() -> None:
    """A difference of the same sign in nine of ten seeds and one far outlier: one of the two includes 0."""
    differences = [1.0, 1.1, 1.2, 1.3, 1.1, 1.0, 1.2, 1.1, 1.3, -6.0]
    row = only(compare_methods(runs_of({"a": differences, "b": [0.0] * 10}, "elbo"), COLUMNS))
    assert row["verdict"] == Verdict.WITHIN_NOISE
    assert row["wins"] == 9


def test_failed_runs_are_worse_than_any_that_finished() -> None:
    row = only(compare_methods(runs_of({"a": [1.0, 2.0, None, None], "b": [5.0, None, 5.0, None]}), COLUMNS))
    assert (row["wins"], row["ties"], row["losses"]) == (2, 1, 1)
    assert row["n"] == 1
    # Of the sixteen pairs a's two finished runs beat all of b's, and both have two failures, which tie.
    assert row["improvement"] == (2 * 4 + 2 * (0 + 2 * 0.5)) / 16


def test_a_method_that_never_finishes_loses_every_comparison() -> None:
    runs = runs_of({"a": [1.0] * 3, "b": [2.0] * 3, "c": [None] * 3})
    frame = compare_methods(runs, COLUMNS).set_index(["method", "other"])
    assert frame.loc[("a", "c"), ["wins", "losses", "improvement"]].tolist() == [3, 0, 1.0]
    assert frame.loc[("a", "c"), "why"] == NO_PAIRS


def test_a_metric_that_does_not_apply_makes_no_loser() -> None:
    runs = runs_of({"vae": [1.0, 2.0], "gan": [None, None], "ae": [3.0, 4.0]}, "elbo")
    other = runs_of({"gan": [1.0, 1.0], "vae": [1.0, 2.0]}, "fid").assign(dataset="grid", run_id=list("wxyz"))
    frame = compare_methods(pd.concat([runs, other], ignore_index=True), COLUMNS)
    assert set(frame.loc[frame["metric"] == "elbo", "other"]) == {"ae"}
    assert set(frame.loc[frame["metric"] == "fid", "dataset"]) == {"grid"}


def test_ties_count_half() -> None:
    assert improvement(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0.5
    assert improvement(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == 0.875
    values = np.random.default_rng(0).integers(0, 5, (2, 9)).astype(float)
    expected = stats.mannwhitneyu(values[0], values[1]).statistic / 81
    assert improvement(values[0], values[1]) == pytest.approx(expected)
    assert improvement(np.array([-np.inf, 1.0]), np.array([-np.inf, 0.0])) == (0.5 + 0 + 1 + 1) / 4
    assert math.isnan(improvement(np.array([np.nan]), np.array([1.0])))


def test_only_shared_seeds_are_paired() -> None:
    runs = runs_of({"a": [1.0, 2.0, 3.0], "b": [1.5, 2.5, 3.5]})
    runs = runs[~((runs["method"] == "b") & (runs["seed"] == 0))]
    row = only(compare_methods(runs, COLUMNS))
    assert (row["n"], row["wins"], row["difference"]) == (2, 2, -0.5)


def test_figures_of_other_protocols_are_not_compared() -> None:
    runs = runs_of({"a": [1.0] * 2, "b": [2.0] * 2})
    runs["protocol_fid"] = ["fid/1", "fid/1", "fid/2", "fid/2"]
    assert compare_methods(runs, COLUMNS).empty
    assert list(compare_methods(runs, COLUMNS)) == PAIRS


def test_equal_figures_are_the_same_however_few() -> None:
    assert only(compare_methods(runs_of({"a": [8.0], "b": [8.0]}, "modes_covered"), COLUMNS))["verdict"] == Verdict.SAME


def test_bounds_and_infinite_figures_cannot_be_told() -> None:
    runs = runs_of({"a": [1.0] * 8, "b": [2.0] * 8}, "div_kl")
    assert only(compare_methods(runs, COLUMNS))["verdict"] == Verdict.BETTER
    runs["div_kl_reach"] = [1.0 if place == 3 else 0.5 for place in range(16)]
    row = only(compare_methods(runs, COLUMNS))
    assert (row["verdict"], row["why"]) == (Verdict.UNTOLD, AT_CEILING)
    runs.loc[2, "div_kl"], runs["div_kl_reach"] = math.inf, 0.5
    row = only(compare_methods(runs, COLUMNS))
    assert (row["verdict"], row["why"], row["losses"]) == (Verdict.UNTOLD, INFINITE, 1)


def test_metrics_can_be_chosen_and_unknown_ones_are_refused() -> None:
    runs = runs_of({"a": [1.0], "b": [2.0]}).assign(mine=1.0, kid=0.5)
    assert compare_methods(runs, COLUMNS)["metric"].tolist() == ["fid", "kid"]
    assert compare_methods(runs, COLUMNS, metrics=["kid"])["metric"].tolist() == ["kid"]
    with pytest.raises(BenchError, match=r"unknown metric of these results 'fids'.*did you mean 'fid'"):
        compare_methods(runs, COLUMNS, metrics=["fids"])
    with pytest.raises(BenchError, match="lacks"):
        compare_methods(pd.DataFrame({"run_id": ["a"]}), COLUMNS)
    assert list(compare_methods(pd.DataFrame(), COLUMNS)) == PAIRS
