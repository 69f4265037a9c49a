"""What a store tells of a suite while it runs: its plan from before the first run on, unless nothing comes of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import bench
from bench.launch import Display
from bench.launch.events import Event, Finished, Started
from bench.results import Progress, RunStore, read_ended, read_plan, read_progress
from bench.results import ended as ending
from tests.launch.test_launch import odd_suite


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, Progress]]:
    """What a look at the store tells at each event of a launch."""
    found: list[tuple[str, Progress]] = []
    real = Display.show

    def show(self: Display, event: Event) -> None:
        if isinstance(event, Started | Finished):
            found.append((type(event).__name__, read_progress(RunStore(tmp_path / "odd"))))
        real(self, event)

    monkeypatch.setattr(Display, "show", show)
    return found


def counts(progress: Progress) -> dict[str, int]:
    return progress.runs["state"].value_counts().to_dict()


def test_a_launch_can_be_looked_at_from_its_first_run_on(tmp_path: Path, looks: list[tuple[str, Progress]]) -> None:
    bench.run(odd_suite("raise"), out=tmp_path, inline=True)
    kinds = [kind for kind, _ in looks]
    assert kinds[:4] == ["Started", "Finished", "Started", "Finished"]
    assert counts(looks[0][1]) == {"running": 1, "to_do": 3}
    assert counts(looks[2][1]) == {"failed": 1, "running": 1, "to_do": 2}
    (cohort,) = looks[2][1].working
    assert (cohort.label, cohort.steps) == ("blob · raise · seed 1", 20)
    assert looks[0][1].references_to_do == 2
    looks.clear()
    bench.run(odd_suite("raise", "well"), out=tmp_path, inline=True, seeds=3)
    assert counts(looks[0][1]) == {"failed": 2, "done": 2, "running": 1, "to_do": 4}, "later seeds and methods count"
    done = read_progress(RunStore(tmp_path / "odd"))
    assert (done.is_over, done.cohorts) == (True, ())


def test_what_a_launch_has_recorded_is_told_without_opening_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real_open, real_show = ending.open_records, Display.show

    def count(folder: Any, kind: str, ids: Any, columns: Any) -> Any:
        asked.append(len(ids))
        return real_open(folder, kind, ids, columns)

    def show(self: Display, event: Event) -> None:
        if isinstance(event, Started):
            asked.clear()
            read_ended(RunStore(tmp_path / "odd"))
        real_show(self, event)

    monkeypatch.setattr("bench.results.journal._INTERVAL", 0.0)
    monkeypatch.setattr("bench.results.journal._SHARE", float("inf"))
    monkeypatch.setattr(ending, "open_records", count)
    monkeypatch.setattr(Display, "show", show)
    bench.run(odd_suite("well"), out=tmp_path, inline=True)
    assert asked == [0]
    assert not (tmp_path / "odd" / "journals").exists()


def refuse(*arguments: object, **options: object) -> None:
    raise bench.BenchError("no such cluster")


def test_a_launch_that_is_refused_leaves_the_plan_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = RunStore(tmp_path / "odd")
    bench.run(odd_suite("well"), out=tmp_path, inline=True)
    plan, suite = read_plan(results), (tmp_path / "odd" / "suite.yaml").read_bytes()
    seen: list[int] = []

    def refuse_and_look(*arguments: object, **options: object) -> None:
        planned = read_plan(results)
        seen.append(0 if planned is None else len(planned))
        raise bench.BenchError("no such cluster")

    monkeypatch.setattr("bench.session.run.carry_out", refuse_and_look)
    with pytest.raises(bench.BenchError, match="no such cluster"):
        bench.run(odd_suite("well"), out=tmp_path, inline=True, settings={"training.steps": 21})
    assert seen == [6]
    kept = read_plan(results)
    assert plan is not None
    assert kept is not None
    pd.testing.assert_frame_equal(kept, plan)
    assert (tmp_path / "odd" / "suite.yaml").read_bytes() == suite
    shutil.rmtree(tmp_path / "odd")
    with pytest.raises(bench.BenchError, match="no such cluster"):
        bench.run(odd_suite("well"), out=tmp_path, inline=True)
    assert (seen, read_plan(results)) == ([6, 6], None)


def test_status_is_a_frame(tmp_path: Path) -> None:
    bench.run(odd_suite("nan"), out=tmp_path, inline=True)
    found = bench.status(tmp_path / "odd")
    assert list(found.columns) == ["done", "diverged"]
    assert found.loc[("blob", "nan"), "diverged"] == 2
    assert found.loc[("blob", "vae"), "done"] == 2
