"""What ends a launch is no result of the run in which it happens."""

from __future__ import annotations

from pathlib import Path

import pytest

import bench
from bench.launch import Options
from bench.launch.events import Event, Started, Stepped
from bench.launch.launcher import Job
from bench.launch.plan import plan_cohorts
from bench.launch.work import work_through
from bench.results import RunStore
from bench.session import prepare
from tests.launch.test_launch import odd_suite


@pytest.mark.parametrize("error", [SystemExit(0), ConnectionError("the head has gone")], ids=["exit", "error"])
@pytest.mark.parametrize("at", [Started, Stepped])
def test_an_event_that_cannot_be_told_leaves_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, at: type[Event]
) -> None:
    monkeypatch.setattr("bench.launch.work._STEP_EVENT_SECONDS", 0.0)
    session = prepare(odd_suite() | {"seeds": 1}, out=tmp_path)
    store = RunStore(tmp_path / "odd")

    def emit(event: Event) -> None:
        if isinstance(event, at):
            raise error

    plans = plan_cohorts(session.stage.specs, frozenset())
    with pytest.raises(type(error)):
        work_through(plans, Job(plans, store, Options("inline"), {}), emit)
    assert not store.finished()
    assert bench.run(odd_suite() | {"seeds": 1}, out=tmp_path, inline=True)["status"].tolist() == ["done"]
