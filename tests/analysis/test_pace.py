"""Rate and time left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from bench.analysis.pace import approximate, count_states, finished_at, runs_an_hour, time_left

START = datetime(2026, 1, 2, tzinfo=UTC)


def row(seconds: float = 0.0, **changes: Any) -> dict[str, Any]:
    values = {"dataset": "ring", "method": "kl", "seed": 0, "status": "done", "cohort_size": 1}
    times = {"started_at": pd.Timestamp(START + timedelta(seconds=seconds)), "train_seconds": 8.0, "eval_seconds": 2.0}
    return {**values, **times, **changes}


def rows(*each: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(list(each))
    return frame.assign(finished_at=finished_at(frame))


def to_do(*cells: tuple[str, str], **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(cells, columns=["dataset", "method"])
    return frame.assign(run_id=[f"r{i}" for i in range(len(frame))], **columns)


def test_members_of_a_cohort_are_finished_one_after_another() -> None:
    frame = rows(row(seed=1), row(seed=0), row(seed=0, method="js"))
    assert [(at - frame["started_at"][0]).total_seconds() for at in frame["finished_at"]] == [12.0, 10.0, 10.0]


def test_the_rate_is_over_the_time_in_which_something_ran() -> None:
    """Two workers side by side for 20 s; then nothing for an hour, as the command was stopped, and one more run."""
    side_by_side = [row(seconds, seed=seed) for seed, seconds in enumerate((0, 0.5, 10, 10.5))]
    assert runs_an_hour(rows(*side_by_side)) == pytest.approx(3600 * 4 / 20.5)
    assert runs_an_hour(rows(*side_by_side, row(3600, seed=9))) == pytest.approx(3600 * 5 / 30.5)


def test_short_pauses_between_runs_count() -> None:
    assert runs_an_hour(rows(row(0), row(40, seed=1))) == pytest.approx(3600 * 2 / 50)


def test_there_is_no_rate_without_runs_or_time() -> None:
    assert runs_an_hour(rows(row()).iloc[:0]) is None
    assert runs_an_hour(rows(row(train_seconds=None, eval_seconds=None))) is None


def test_time_left_is_what_others_of_the_cell_took() -> None:
    ended = rows(row(), row(seed=1), row(method="js", train_seconds=80.0, eval_seconds=20.0))
    missing = to_do(("ring", "kl"), ("ring", "kl"), ("ring", "js"))
    assert time_left(ended, missing, {}, slots=1).seconds == pytest.approx(120)
    assert time_left(ended, missing, {"r0": 4.0, "r1": 60.0}, slots=1).seconds == pytest.approx(106)
    assert time_left(ended, missing, {"r2": 10.0}, slots=4).seconds == pytest.approx(90), "as long as the longest"
    assert time_left(ended, missing.iloc[:0], {}, slots=1).seconds == 0


def test_a_cohorts_time_is_shared_by_its_members() -> None:
    ended = rows(row(cohort_size=4))
    assert time_left(ended, to_do(("ring", "kl")), {}, slots=1).seconds == pytest.approx(8 / 4 + 2)


def test_what_has_never_run_is_unknown_and_named() -> None:
    found = time_left(
        rows(row(), row(dataset="grid", status="failed")), to_do(("ring", "kl"), ("grid", "kl")), {}, slots=1
    )
    assert found.seconds is None
    assert found.unknown == (("grid", "kl"),)


def test_guesses_serve_times_what_they_were_off_by() -> None:
    ended = rows(row(train_seconds=None, eval_seconds=6.0, expected_seconds=2.0))
    missing = to_do(("grid", "kl"), ("grid", "js"), expected_seconds=[5.0, 7.0])
    assert time_left(ended, missing, {}, slots=1).seconds == pytest.approx(5 * 3 + 7)


def test_states_are_counted_in_the_rows_order() -> None:
    frame = to_do(("ring", "kl"), ("ring", "kl"), ("grid", "js"), state=["to_do", "done", "done"])
    counts = count_states(frame, ("done", "failed", "to_do"))
    assert list(counts.columns) == ["done", "to_do"]
    assert list(counts.index) == [("ring", "kl"), ("grid", "js")]
    assert counts.loc[("ring", "kl")].tolist() == [1, 1]
    assert count_states(frame.iloc[:0], ("done",)).empty


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "about 1 s"), (89, "about 89 s"), (600, "about 10 min"), (9000, "about 2.5 h")]
)
def test_times_in_words(seconds: float, told: str) -> None:
    assert approximate(seconds) == told
