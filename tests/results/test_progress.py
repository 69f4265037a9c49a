"""How a suite is getting on, read from its store alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.launch.attempts import Attempts
from bench.results import Journal, Progress, RunStore, Sign, read_cohorts, read_ended, read_progress, write_plan
from bench.results import ended as ending
from bench.results.store import RUNS
from tests.results.samples import compacted, record, rows, store

GONE = 2**22 + 1  # above any pid of Linux


def planned(folder: Path, *names: str, dataset: str = "ring") -> RunStore:
    settings = rows(folder)["settings_id"].iloc[0] if (folder / "runs").exists() else "unknown"
    results = RunStore(folder)
    write_plan(results, [(name, dataset, "kl", seed, settings) for seed, name in enumerate(names)])
    return results


def begin(results: RunStore, *runs: str, cohort: str = "c", steps: int = 100) -> Attempts:
    attempts = Attempts(results.attempts(cohort), results.checkpoint(cohort), "launch", over_launches=True)
    attempts.begin(f"ring · kl · {', '.join(runs)}", runs, steps)
    return attempts


def states(progress: Progress) -> dict[str, str]:
    return dict(zip(progress.runs["run_id"], progress.runs["state"], strict=True))


def test_every_run_of_the_plan_is_in_one_state(tmp_path: Path) -> None:
    store(tmp_path, record("a"), record("b", seed=1, status="failed", error="Traceback\n  x\nValueError: no"))
    results = planned(tmp_path, "a", "b", "c", "d", "reference-e")
    begin(results, "c")
    found = read_progress(results)
    assert states(found) == {"a": "done", "b": "failed", "c": "running", "d": "to_do"}
    assert found.counts.loc[("ring", "kl")].to_dict() == {"done": 1, "failed": 1, "running": 1, "to_do": 1}
    assert found.failures["error"].tolist() == ["ValueError: no"]
    assert (found.references_to_do, found.is_over) == (1, False)
    store(tmp_path, record("c", seed=2), record("d", seed=3), record("reference-e", method="real data"))
    results.attempts("c").remove()
    assert read_progress(results).is_over


def test_without_a_plan_nothing_tells_what_is_to_do(tmp_path: Path) -> None:
    store(tmp_path, record("a"))
    found = read_progress(RunStore(tmp_path))
    assert states(found) == {"a": "done"}
    assert (found.has_plan, found.is_over) == (False, False)


def test_runs_of_other_settings_are_not_counted_but_told(tmp_path: Path) -> None:
    store(tmp_path, record("a"), record("b", config={"training": {"steps": 9}}))
    results = planned(tmp_path, "a")
    write_plan(results, [("a", "ring", "kl", 0, rows(tmp_path).set_index("run_id")["settings_id"]["a"])])
    found = read_progress(results)
    assert (states(found), found.hidden) == ({"a": "done"}, 1)


def test_a_failed_run_that_is_run_again_is_running_until_its_new_record_is_there(tmp_path: Path) -> None:
    store(tmp_path, record("a", status="failed", error="x"), record("b", seed=1))
    results = planned(tmp_path, "a", "b")
    attempts = begin(results, "a", "b")
    assert states(read_progress(results)) == {"a": "running", "b": "done"}, "what is only amended stays as it is"
    store(tmp_path, record("a", status="failed", error="y", started_at=datetime.now(UTC)))
    attempts.finish("a")
    assert states(read_progress(results)) == {"a": "failed", "b": "done"}


def test_a_process_that_is_gone_is_told_as_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = planned(tmp_path, "a", "b")
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: GONE)
        begin(results, "a")
    found = read_progress(results)
    assert states(found) == {"a": "to_do", "b": "to_do"}
    assert [(cohort.sign, cohort.attempt) for cohort in found.cohorts] == [(Sign.GONE, 1)]
    assert found.working == ()
    begin(results, "a")
    assert [(cohort.sign, cohort.attempt) for cohort in read_progress(results).cohorts] == [(Sign.ALIVE, 2)]


def test_a_process_with_the_number_of_one_that_is_gone_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = planned(tmp_path, "a")
    begin(results, "a")
    monkeypatch.setattr("bench.results.temporary.process_mark", lambda pid: "another start")
    assert [cohort.sign for cohort in read_progress(results).cohorts] == [Sign.GONE]


def test_of_another_machine_only_signs_of_life_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = planned(tmp_path, "a")
    begin(results, "a").advance(40)
    monkeypatch.setattr("bench.results.underway.host_name", lambda: "elsewhere")
    now = datetime.now(UTC)
    (cohort,) = read_cohorts(results, now)
    assert (cohort.sign, cohort.step, cohort.steps) == (Sign.ALIVE, 40, 100)
    later = now + timedelta(hours=1)
    assert [cohort.sign for cohort in read_cohorts(results, later)] == [Sign.SILENT]
    results.checkpoint("c").write(b"further")
    os.utime(tmp_path / "checkpoints" / "c.pt", (later.timestamp(), later.timestamp()))
    assert [cohort.sign for cohort in read_cohorts(results, later)] == [Sign.ALIVE]


def test_signs_of_life_are_rare_but_the_last_step_is_told(tmp_path: Path) -> None:
    results = planned(tmp_path, "a")
    attempts = begin(results, "a")
    for step in (1, 2, 3):
        attempts.advance(step)
    assert [cohort.step for cohort in read_cohorts(results, datetime.now(UTC))] == [1]
    attempts.advance(100)
    assert [cohort.step for cohort in read_cohorts(results, datetime.now(UTC))] == [100]


@pytest.mark.parametrize("content", [b"", b"{broken", b"[]\n3", b"\xff"])
def test_damaged_attempts_are_left_out(tmp_path: Path, content: bytes) -> None:
    results = planned(tmp_path, "a")
    results.attempts("c").write(content)
    assert read_progress(results).cohorts == ()


def test_attempts_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    results = planned(tmp_path, "a")
    results.attempts("c").write(b'{"launch": "x", "host": "h", "pid": 7, "progress": "", "done": []}')
    (cohort,) = read_progress(results).cohorts
    assert (cohort.label, cohort.began, cohort.steps, cohort.sign) == ("cohort c", None, 0, Sign.SILENT)
    assert not begin(results, "a").begin("again", ["a"], 3)


def test_guesses_in_the_plan_serve_for_what_has_never_run(tmp_path: Path) -> None:
    results = RunStore(tmp_path)
    write_plan(results, [("a", "ring", "kl", 0, "x"), ("b", "ring", "kl", 1, "x")], [30.0, None])
    assert read_progress(results).time_left.unknown == (("ring", "kl"),)
    write_plan(results, [("a", "ring", "kl", 0, "x"), ("c", "ring", "kl", 1, "x")], [30.0, 12.0])
    assert read_progress(results).time_left.seconds == pytest.approx(42)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Ids of the records that each reading opened."""
    asked: list[list[str]] = []
    real = ending.open_records

    def spy(folder: Any, kind: str, ids: Mapping[str, Any], columns: tuple[str, ...] | None) -> Any:
        asked.append(sorted(ids))
        return real(folder, kind, ids, columns)

    monkeypatch.setattr(ending, "open_records", spy)
    return asked


def ended(folder: Path) -> pd.DataFrame:
    frame = read_ended(RunStore(folder)).frame
    return frame.sort_values("run_id", ignore_index=True).astype({"seed": "int64", "cohort_size": "int64"})


def test_journal_and_compacted_file_tell_the_same_as_the_records(tmp_path: Path, opened: list[list[str]]) -> None:
    whole = [record("a", error="x\ny"), record("b", seed=1, train_seconds=2.0, eval_seconds=1.0)]
    store(tmp_path, *whole)
    own = ended(tmp_path)
    assert own["error"].iloc[0] == "y"
    journal = Journal(RunStore(tmp_path), "launch")
    for each in whole:
        journal.add(each)
    journal.write()
    pd.testing.assert_frame_equal(ended(tmp_path), own, check_dtype=False)
    compacted(tmp_path)
    assert not (tmp_path / "journals").exists()
    pd.testing.assert_frame_equal(ended(tmp_path), own, check_dtype=False)
    assert opened == [["a", "b"], [], []]


def test_a_journal_holds_only_for_the_files_that_it_was_written_for(tmp_path: Path, opened: list[list[str]]) -> None:
    both = [record("a"), record("b", seed=1)]
    store(tmp_path, *both)
    journal = Journal(RunStore(tmp_path), "launch")
    for each in both:
        journal.add(each)
    journal.write()
    store(tmp_path, record("a", status="failed", error="again"))
    (tmp_path / "runs" / "b.parquet").unlink()
    frame = read_ended(RunStore(tmp_path)).frame
    assert dict(zip(frame["run_id"], frame["status"], strict=True)) == {"a": "failed"}
    assert opened == [["a"]]
    next((tmp_path / "journals").iterdir()).write_bytes(b"broken")
    assert len(read_ended(RunStore(tmp_path)).frame) == 1


def test_a_journal_that_cannot_be_written_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bench.results.places.LocalPlace.writing", refuse)
    Journal(RunStore(tmp_path), "launch").add(record("a"))
    assert not (tmp_path / "journals").exists()


def test_another_look_opens_only_what_is_new(tmp_path: Path, opened: list[list[str]]) -> None:
    store(tmp_path, record("a"))
    results = RunStore(tmp_path)
    first = read_ended(results)
    store(tmp_path, record("b", seed=1))
    second = read_ended(results, RUNS, first)
    assert sorted(second.frame["run_id"]) == ["a", "b"]
    assert opened == [["a"], ["b"]]
    assert sorted(read_ended(results, RUNS, second).frame["run_id"]) == ["a", "b"]


def test_reading_changes_nothing_and_needs_neither_torch_nor_ray(tmp_path: Path) -> None:
    store(tmp_path, record("a"))
    begin(planned(tmp_path, "a", "b"), "b")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    program = (
        "import sys, bench.cli\n"
        f"sys.argv = ['bench', 'status', {str(tmp_path)!r}]\n"
        "try: bench.cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'ray'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "2 runs: 1 done, 1 running" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
