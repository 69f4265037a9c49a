"""Two sets of results compared run by run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis.comparison import COMPARISON, compare_results, describe_origin, find_worse
from bench.analysis.pairs import AT_CEILING
from bench.analysis.verdicts import Verdict
from bench.errors import BenchError
from tests.analysis.comparison.frames import results
from tests.analysis.declared import COLUMNS

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(0, 0.1, (2, 12))


def compare(before: pd.DataFrame, after: pd.DataFrame, **options: Any) -> pd.DataFrame:
    frame = compare_results(before, after, COLUMNS, **options)
    assert list(frame) == COMPARISON
    return frame


def row_of(frame: pd.DataFrame, metric: str = "fid", method: str = "a") -> dict[str, Any]:
    (row,) = frame[(frame["metric"] == metric) & (frame["method"] == method)].to_dict(orient="records")
    return {str(name): value for name, value in row.items()}


def test_the_same_figures_are_the_same() -> None:
    frame = compare(results({"a": [1.0, 2.0]}), results({"a": [1.0, 2.0]}))
    assert frame["verdict"].tolist() == [Verdict.SAME] * 2
    assert frame["metric"].tolist() == ["finished", "fid"]
    assert find_worse(frame) == []


@pytest.mark.parametrize(
    ("shift", "verdict"), [(1.0, Verdict.WORSE), (-1.0, Verdict.BETTER), (0.0, Verdict.WITHIN_NOISE)]
)
def test_a_difference_beyond_noise_has_a_direction(shift: float, verdict: Verdict) -> None:
    before, after = results({"a": list(5 + NOISE[0])}), results({"a": list(5 + shift + NOISE[1])})
    row = row_of(compare(before, after))
    assert row["verdict"] == verdict  # lower FID is better
    assert row["difference"] == pytest.approx(shift + (NOISE[1] - NOISE[0]).mean())
    assert (row["n"], row["interval"], row["comparisons"], row["better"]) == (12, "bca", 2, "lower")
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["after"] - row["before"] == pytest.approx(row["difference"])
    assert find_worse(compare(before, after)) == (
        [f"ring · a · fid: {row['before']:.6g} → {row['after']:.6g}"] if shift > 0 else []
    )


def test_few_seeds_cannot_tell() -> None:
    row = row_of(compare(results({"a": [1.0, 1.0, 1.0]}), results({"a": [9.0, 9.1, 9.2]})))
    assert row["verdict"] == Verdict.UNTOLD
    assert row["why"] == "3 shared seeds; at least 7 are needed for 2 comparisons"


def test_one_seed_is_judged_by_standard_errors() -> None:
    before = results({"a": [0.5], "b": [0.5], "c": [0.5]}, "div_kl", div_kl_se=0.03)
    after = results({"a": [0.7], "b": [0.6], "c": [0.5]}, "div_kl", div_kl_se=0.04)
    frame = compare(before, after)
    clear, unclear = row_of(frame, "div_kl", "a"), row_of(frame, "div_kl", "b")
    assert (clear["verdict"], clear["interval"], clear["n"]) == (Verdict.WORSE, "se", 1)
    assert clear["p"] == pytest.approx(2 * stats.norm.sf(0.2 / 0.05))
    assert clear["p_holm"] == pytest.approx(3 * clear["p"])
    assert (clear["low"], clear["high"]) == (pytest.approx(0.2 - 0.098, abs=1e-4), pytest.approx(0.2 + 0.098, abs=1e-4))
    # z = 2: beyond 5 % by itself, not with Holm's correction over three figures.
    assert unclear["p"] < 0.05 < unclear["p_holm"]
    assert unclear["verdict"] == Verdict.WITHIN_NOISE
    assert row_of(frame, "div_kl", "c")["verdict"] == Verdict.SAME


def test_one_seed_without_a_standard_error_cannot_be_told() -> None:
    row = row_of(compare(results({"a": [1.0]}), results({"a": [9.0]})))
    assert (row["verdict"], row["why"]) == (Verdict.UNTOLD, "one shared seed and no standard error")


def test_several_seeds_are_not_judged_by_standard_errors() -> None:
    """These say nothing of the spread over seeds."""
    before, after = (results({"a": [value, value]}, "div_kl", div_kl_se=1e-6) for value in (1.0, 2.0))
    assert row_of(compare(before, after), "div_kl")["verdict"] == Verdict.UNTOLD


def test_other_protocols_are_not_comparable() -> None:
    before = results({"a": [1.0]}, feature_extractor="one@ab")
    after = results({"a": [1.0]}, feature_extractor="two@cd").assign(protocol_fid="fid/3")
    row = row_of(compare(before, after))
    assert (row["verdict"], row["why"]) == (Verdict.INCOMPARABLE, "measured otherwise: fid/2, one@ab → fid/3, two@cd")


def test_other_settings_and_data_are_not_comparable() -> None:
    before, after = results({"a": [1.0], "b": [1.0]}), results({"a": [1.0]}, steps=20)
    frame = compare(before, pd.concat([after, results({"b": [1.0]})]))
    row = row_of(frame, "", "a")
    assert (row["verdict"], row["why"]) == (Verdict.INCOMPARABLE, "other settings: training.steps 10 → 20")
    assert row_of(frame, "fid", "b")["verdict"] == Verdict.SAME


def test_a_metric_that_one_side_has_not_is_told() -> None:
    before = results({"a": [1.0]})
    row = row_of(compare(before, before.assign(kid=0.1)), "kid")
    assert (row["verdict"], row["why"]) == (Verdict.INCOMPARABLE, "it was measured after only")


def test_runs_that_fail_now_are_worse() -> None:
    frame = compare(results({"a": [1.0, 2.0], "b": [1.0, 2.0]}), results({"a": [None, None], "b": [1.0, None]}))
    gone = row_of(frame, "finished")
    assert (gone["verdict"], gone["why"]) == (Verdict.WORSE, "none finishes any more")
    assert find_worse(frame) == ["ring · a · finished: 1 → 0"]
    some = row_of(frame, "finished", "b")
    assert (some["verdict"], some["before"], some["after"], some["losses"]) == (Verdict.UNTOLD, 1.0, 0.5, 1)
    left = row_of(frame, "fid", "b")
    assert (left["n"], left["ties"], left["losses"], left["verdict"]) == (1, 1, 1, Verdict.SAME)


def test_failures_beyond_noise_are_worse_by_the_test_too() -> None:
    frame = compare(results({"a": [1.0] * 12}), results({"a": [1.0] + [None] * 11}))
    row = row_of(frame, "finished")
    assert (row["verdict"], row["why"], row["p"]) == (Verdict.WORSE, "", 2 / 2**11)
    back = compare(results({"a": [None, None]}), results({"a": [1.0, 2.0]}))
    assert row_of(back, "finished")["verdict"] == Verdict.BETTER


def test_an_estimate_at_its_ceiling_cannot_be_told() -> None:
    before = results({"a": [1.0] * 8}, "div_kl", div_kl_reach=0.4)
    after = results({"a": [float(place) for place in range(3, 11)]}, "div_kl", div_kl_reach=1.0)
    row = row_of(compare(before, after), "div_kl")
    assert (row["verdict"], row["why"]) == (Verdict.UNTOLD, AT_CEILING)


def test_metrics_without_a_better_end_are_compared_if_named() -> None:
    before, after = (results({"a": list(shift + NOISE[0])}, "mine") for shift in (0.0, 1.0))
    assert set(compare(before, after)["metric"]) == {"finished"}
    row = row_of(compare(before, after, metrics=["mine"]), "mine")
    assert (row["verdict"], row["better"]) == (Verdict.DIFFERENT, "")
    with pytest.raises(BenchError, match="unknown metric"):
        compare(before, after, metrics=["my"])


def test_results_with_nothing_in_common_are_refused() -> None:
    with pytest.raises(BenchError, match="no method on a dataset in common"):
        compare(results({"a": [1.0]}), results({"b": [1.0]}))


def test_seeds_that_are_not_shared_do_not_count() -> None:
    before, after = results({"a": [1.0, 2.0, 3.0]}), results({"a": [9.0, 2.0, 3.0, 4.0]})
    after = after[after["seed"] > 0]
    assert row_of(compare(before, after))["n"] == 2
    frame = compare(before[before["seed"] == 0], after)
    assert frame[["verdict", "why"]].to_numpy().tolist() == [[Verdict.INCOMPARABLE, "no shared seed"]]


def test_origins_tell_code_and_machine() -> None:
    runs = results({"a": [1.0, 2.0]}, bench="0.1.0", git_commit="ab" * 20, torch="2.13", hostname="h", device="cpu")
    assert describe_origin(runs.assign(git_dirty=[False, True])) == (
        "2 runs, bench 0.1.0 at abababab, bench 0.1.0 at abababab with changes, torch 2.13, h · cpu"
    )
    assert describe_origin(runs.iloc[:1][["run_id"]]) == "1 run"
    assert describe_origin(runs.iloc[:0]) == "0 runs"
