"""Attempts at a cohort: counted where a process died without getting any further."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.execute import Workplace
from bench.launch import CohortPlan, Job, Options
from bench.launch import work as working
from bench.launch.attempts import MAX_ATTEMPTS, Attempts, BusyError
from bench.launch.events import Event, Finished
from bench.launch.work import work
from bench.results import RunStore, host_name
from bench.spec import RunSpec
from bench.statuses import Status
from tests.results.samples import record
from tests.spec.test_spec import spec

GONE = 2**22 + 1  # above any pid of Linux


def attempts(folder: Path, *, launch: str = "now", over_launches: bool = True) -> Attempts:
    store = RunStore(folder)
    return Attempts(store.attempts("c"), store.checkpoint("c"), launch, over_launches)


def die(monkeypatch: pytest.MonkeyPatch, folder: Path, times: int, *, pid: int = GONE, launch: str = "then") -> None:
    """Begin as processes that are gone, or go on."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: pid)
        for _ in range(times):
            attempts(folder, launch=launch).begin()


def test_a_cohort_is_given_up_after_it_killed_its_process_several_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    die(monkeypatch, tmp_path, MAX_ATTEMPTS - 1)
    assert not attempts(tmp_path).begin()
    attempts(tmp_path).end()
    die(monkeypatch, tmp_path, MAX_ATTEMPTS)
    assert attempts(tmp_path).begin()


def test_processes_that_run_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    die(monkeypatch, tmp_path, MAX_ATTEMPTS, pid=os.getppid())
    with pytest.raises(BusyError, match=f"process {os.getppid()} on "):
        attempts(tmp_path).begin()


def test_a_later_process_of_the_same_number_does_not_work_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("bench.launch.attempts.process_mark", lambda pid: "an earlier start")
        die(monkeypatch, tmp_path, 1, pid=os.getppid())
    assert not attempts(tmp_path).begin()


def test_processes_of_this_launch_that_run_count_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    die(monkeypatch, tmp_path, MAX_ATTEMPTS, pid=os.getppid(), launch="now")
    assert not attempts(tmp_path).begin()


def test_other_machines_are_left_alone_until_they_are_silent_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts(tmp_path, launch="then").begin()
    file = RunStore(tmp_path).attempts("c")
    file.write((file.read() or b"").replace(host_name().encode(), b"elsewhere"))
    with pytest.raises(BusyError, match="on elsewhere"):
        attempts(tmp_path).begin()
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert not attempts(tmp_path).begin()


def test_other_launches_count_only_where_the_process_is_the_launch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    die(monkeypatch, tmp_path, MAX_ATTEMPTS)
    assert not attempts(tmp_path, over_launches=False).begin()
    die(monkeypatch, tmp_path, MAX_ATTEMPTS, launch="now")
    assert attempts(tmp_path, over_launches=False).begin()


def test_a_checkpoint_that_went_on_starts_the_count_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    die(monkeypatch, tmp_path, MAX_ATTEMPTS)
    RunStore(tmp_path).checkpoint("c").write(b"further")
    assert not attempts(tmp_path).begin()


def test_a_damaged_file_counts_anew(tmp_path: Path) -> None:
    RunStore(tmp_path).attempts("c").write(b"{broken")
    assert not attempts(tmp_path).begin()


def cohort() -> tuple[RunSpec, ...]:
    return spec(seed=0), spec(seed=1)


def test_members_that_are_recorded_are_neither_done_again_nor_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs, store = cohort(), RunStore(tmp_path)
    plan = CohortPlan(specs, frozenset(s.run_id for s in specs))
    store.write(record(specs[0].run_id, metrics={"fid": 1.0}))
    done = store.record(specs[0].run_id)
    job = Job([plan], store, Options("inline"), {})
    attempted = Attempts(store.attempts(plan.cohort_id), store.checkpoint(plan.cohort_id), "x", over_launches=True)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: GONE)
        for _ in range(MAX_ATTEMPTS):
            attempted.begin()
    told: list[Event] = []
    work(plan, job, told.append, over_launches=True)
    assert store.record(specs[0].run_id) == done
    assert store.record(specs[1].run_id).status == Status.FAILED
    assert [event.record.run_id for event in told if isinstance(event, Finished)] == [specs[1].run_id]


def test_what_is_to_be_done_again_is_done_once_a_launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specs, store = cohort(), RunStore(tmp_path)
    ids = frozenset(s.run_id for s in specs)
    for run_id in ids:
        store.write(record(run_id))
    asked: list[frozenset[str]] = []

    def run(members: tuple[RunSpec, ...], wanted: frozenset[str], place: Workplace, progress: object) -> list[object]:
        asked.append(wanted)
        return [record(run_id, metrics={"fid": 2.0}) for run_id in sorted(wanted)]

    monkeypatch.setattr(working, "run_cohort", run)
    plan = CohortPlan(specs, ids)
    job = Job([plan], store, Options("inline"), {})
    work(plan, job, lambda event: None)
    assert asked == []
    work(replace(plan, again=ids), job, lambda event: None)
    assert asked == [ids]
    assert store.record(min(ids)).evaluation.figures == {"fid": 2.0}
