"""`bench status`: what it prints, and when looking again and again ends."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from bench.cli.progress import show, summarise
from bench.cli.status import _watch
from bench.identity import variant_of
from bench.results import Progress, RunStore, read_progress, write_plan
from tests.results.samples import record, store
from tests.results.test_progress import GONE, begin, planned

SETTINGS = variant_of({"training": {"steps": 3}})  # what sample records have
TIMES = {"train_seconds": 50.0, "eval_seconds": 10.0}


def text(progress: Progress, *, failures: int = 10, height: int | None = None) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(show(progress, "odd", failures=failures, height=height))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_table_summary_running_and_failures(tmp_path: Path) -> None:
    store(
        tmp_path, record("a", **TIMES), record("b", seed=1, status="failed", error="Traceback\nValueError: no", **TIMES)
    )
    results = planned(tmp_path, "a", "b", "c", "d")
    begin(results, "c", steps=2000).advance(400)
    told = text(read_progress(results, now=datetime.now(UTC) + timedelta(minutes=2))).splitlines()
    assert told[0].split() == ["dataset", "method", "done", "failed", "running", "to", "do"]
    assert told[1].split() == ["ring", "kl", "1", "1", "1", "1"]
    assert told[2].startswith("odd: 4 runs: 1 done, 1 running, 1 failed (1 failed), 1 to do; ")
    assert "runs an hour; about 60 s left" in told[2], "the running one has had its 60 s"
    assert told[3] == "running now:"
    assert told[4].startswith("  ring · kl · c: ")
    assert f"process {os.getpid()}, for 2 min (since " in told[4]
    assert told[4].endswith("step 400 of 2,000")
    assert told[5:] == ["failed: ring · kl · seed 1: ValueError: no"]


def test_what_is_broken_off_is_not_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = planned(tmp_path, "a")
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: GONE)
        begin(results, "a")
    told = text(read_progress(results))
    assert "1 runs: 0 done, 0 running, 0 failed, 1 to do; nothing is running yet, or any more: the same" in told
    assert f"ring · kl · a: process {GONE} of " in told
    assert "is gone, begun " in told


def test_silence_of_another_machine_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = planned(tmp_path, "a")
    begin(results, "a")
    monkeypatch.setattr("bench.results.underway.host_name", lambda: "elsewhere")
    told = text(read_progress(results, now=datetime.now(UTC) + timedelta(hours=3)))
    assert "no sign of life since" in told
    assert "cannot be told from this machine" in told
    assert "time left unknown: nothing is finished of ring · kl" in told


def test_what_nothing_tells_is_said_to_be_unknown(tmp_path: Path) -> None:
    assert (
        summarise(read_progress(RunStore(tmp_path)), "odd") == "odd: nothing is known of it yet: no run has been begun"
    )
    store(tmp_path, record("a"))
    assert "0 to do (no plan tells whether that is all)" in summarise(read_progress(RunStore(tmp_path)), "odd")


def test_only_the_last_failures_are_told(tmp_path: Path) -> None:
    start = datetime(2026, 1, 2, tzinfo=UTC)
    bad = [
        record(f"r{i}", seed=i, status="diverged", error=f"at step {i}", started_at=start + timedelta(minutes=i))
        for i in range(5)
    ]
    store(tmp_path, *bad)
    told = text(read_progress(RunStore(tmp_path)), failures=2).splitlines()
    assert told[-3].startswith("the last 2 of 5 failures")
    assert [line.rpartition(" ")[2] for line in told[-2:]] == ["3", "4"]
    assert "at step" not in text(read_progress(RunStore(tmp_path)), failures=0)


def test_a_low_window_shows_what_is_unfinished(tmp_path: Path) -> None:
    results = RunStore(tmp_path)
    plan = [(f"r{i}", f"d{i}", "kl", 0, "x") for i in range(20)]
    write_plan(results, plan)
    begin(results, "r17")
    told = text(read_progress(results), height=9).splitlines()
    assert len(told) <= 9
    assert told[1].split()[0] == "d17"
    assert any(line.startswith("… and ") for line in told)


def looks(folder: Path, *runs: str) -> Iterator[None]:
    """One more record at each look."""
    for seed, run_id in enumerate(runs):
        yield
        store(folder, record(run_id, seed=seed, **TIMES))
    yield


@pytest.mark.parametrize("terminal", [False, True])
def test_watching_ends_when_nothing_is_left(tmp_path: Path, terminal: bool) -> None:
    results = planned(tmp_path, "a", "b")
    (tmp_path / "runs").mkdir()
    write_plan(results, [("a", "ring", "kl", 0, SETTINGS), ("b", "ring", "kl", 1, SETTINGS)])
    step = looks(tmp_path, "a", "b")
    next(step)
    console = Console(file=io.StringIO(), width=200, height=20, force_terminal=terminal)
    ended = _watch(
        read_progress(results),
        lambda before: read_progress(results, before),
        "odd",
        console,
        0.1,
        sleep=lambda seconds: next(step),
    )
    assert ended.is_over
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert [count in told for count in ("0 done", "1 done", "2 done")] == [True, True, not terminal]
    if not terminal:
        assert len(told.splitlines()) == 3


def test_an_interruption_ends_watching_in_peace(tmp_path: Path) -> None:
    results = planned(tmp_path, "a")
    console = Console(file=io.StringIO(), width=200)

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    first = read_progress(results)
    assert _watch(first, lambda before: first, "odd", console, 1, sleep=interrupt) is first
    assert console.file.getvalue().splitlines()[-1] == "stopped looking; what runs goes on"  # type: ignore[attr-defined]
