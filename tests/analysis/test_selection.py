"""Winners: what failed ranks last and is counted; ties go to the first trial; some methods have none."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bench.analysis import collect_trials, rank_trials, select_winners


def runs(*rows: tuple[int, str, float], method: str = "vae") -> pd.DataFrame:
    """Runs of a search by trial, status and figure."""
    return pd.DataFrame(
        [
            {
                "run_id": f"{method}{i}",
                "dataset": "ring",
                "method": method,
                "trial": trial,
                "status": status,
                "fid": fid,
            }
            for i, (trial, status, fid) in enumerate(rows)
        ]
    )


def test_what_failed_ranks_last_whatever_figure_it_has() -> None:
    given = runs((0, "diverged", 0.1), (1, "done", 5.0), (2, "failed", math.nan), (3, "done", 4.0), (4, "timeout", 0.0))
    ranked = rank_trials(collect_trials(given, "fid"), "lower")
    assert ranked["trial"].tolist() == [3, 1, 0, 2, 4]
    winner = select_winners(collect_trials(given, "fid"), "lower").iloc[0]
    assert (winner["trial"], winner["value"], winner["trials"], winner["succeeded"]) == (3, 4.0, 5, 2)


def test_the_better_end_decides() -> None:
    given = runs((0, "done", 1.0), (1, "done", 2.0), (2, "out_of_memory", 9.0))
    assert select_winners(collect_trials(given, "fid"), "higher")["trial"].tolist() == [1]
    assert rank_trials(collect_trials(given, "fid"), "higher")["trial"].tolist() == [1, 0, 2]


def test_ties_go_to_the_first_trial() -> None:
    given = runs((2, "done", 1.0), (1, "done", 1.0), (0, "done", 3.0))
    assert select_winners(collect_trials(given, "fid"), "lower")["trial"].tolist() == [1]


def test_an_infinite_figure_is_a_figure() -> None:
    given = runs((0, "failed", math.nan), (1, "done", math.inf))
    assert select_winners(collect_trials(given, "fid"), "lower")["trial"].tolist() == [1]


@pytest.mark.parametrize("rows", [[(0, "diverged", 1.0), (1, "failed", 2.0)], [(0, "done", math.nan)]])
def test_without_a_figure_there_is_no_winner(rows: list[tuple[int, str, float]]) -> None:
    winner = select_winners(collect_trials(runs(*rows), "fid"), "lower").iloc[0]
    assert winner["trial"] is pd.NA
    assert (winner["trials"], winner["succeeded"]) == (len(rows), 0)


def test_a_metric_that_no_run_has() -> None:
    assert select_winners(collect_trials(runs((0, "done", 1.0)), "elbo"), "higher")["trial"].isna().all()


def test_each_method_on_each_dataset_has_its_own() -> None:
    given = pd.concat([runs((0, "done", 2.0), (1, "done", 1.0)), runs((0, "done", 1.0), (1, "done", 2.0), method="js")])
    winners = select_winners(collect_trials(given, "fid"), "lower").set_index("method")["trial"]
    assert winners.to_dict() == {"vae": 1, "js": 0}


def test_of_several_runs_of_a_trial_the_latest_counts() -> None:
    given = runs((0, "done", 1.0), (0, "done", 3.0), (1, "done", 2.0))
    given["started_at"] = pd.to_datetime(["2026-01-02", "2026-01-03", "2026-01-01"])
    trials = collect_trials(given, "fid")
    assert trials["value"].tolist() == [3.0, 2.0]


def test_no_runs_have_no_trials() -> None:
    assert collect_trials(pd.DataFrame(), "fid").empty
    assert select_winners(collect_trials(pd.DataFrame(), "fid"), "lower").empty
