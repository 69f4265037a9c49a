"""What ends a launch is no result of the run in which it happens."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import bench
from bench.launch import Options
from bench.launch.attempts import MAX_ATTEMPTS
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


def run_in_child(work: Callable[[], object]) -> int:
    """Exit status of a child process that does something; 0 if it comes back from it."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_of_a_cohort_only_those_fail_that_kill_their_process_alone_too(tmp_path: Path) -> None:
    """Deaths count from when the first seed is recorded: of all, of the one, and so with real data in its place."""
    suite = odd_suite() | {"seeds": 3, "metrics": ["elbo", "deadly"], "resources": {"cpu": 1, "cohort": 3}}
    most = 2 * (1 + MAX_ATTEMPTS + 1 + MAX_ATTEMPTS)
    for _ in range(most):
        code = run_in_child(lambda: bench.run(suite, out=tmp_path, inline=True))
        if code != 137:
            break
    assert code == 0
    runs = bench.load(tmp_path / "odd").set_index("seed")
    assert runs["status"].to_dict() == {0: "done", 1: "failed", 2: "done"}
    assert "died 3 times" in runs.loc[1, "error"]
    assert runs["cohort_size"].to_dict() == {0: 3, 1: 1, 2: 1}
    assert runs["cohort_split_from"].fillna("").to_dict() == {0: "", 1: "3", 2: "3"}
    assert {path.name for path in (tmp_path / "odd").iterdir() if path.is_dir()} == {"references", "runs"}
    alone = bench.run(suite, out=tmp_path / "alone", inline=True, settings={"metrics": ["elbo"], "resources.cohort": 1})
    assert runs.loc[2, "elbo"] == alone.set_index("seed").loc[2, "elbo"]
