"""What a worker does with what goes wrong, without a cluster: only deaths of processes are tried again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import RayActorError

from bench.errors import BenchError
from bench.launch import Options, ray_trials
from bench.launch.extensions import pack_work
from bench.launch.plan import plan_cohorts
from tests.launch.test_plan import runs


def run_trial(monkeypatch: pytest.MonkeyPatch, store: Path, error: BaseException | None) -> list[dict[str, Any]]:
    """What a trial of two cohorts reports whose work raises an error."""
    told: list[dict[str, Any]] = []

    def work_through(plans: Sequence[object], job: object, emit: Any) -> None:
        for _ in plans:
            emit("event")
            if error is not None:
                raise error

    monkeypatch.setattr(ray_trials, "work_through", work_through)
    monkeypatch.setattr(ray_trials.tune, "report", told.append)
    monkeypatch.setattr(ray_trials.ray, "get", lambda reference: reference)
    packed: Any = [b"of another trial", pack_work(tuple(plan_cohorts(runs(1, 2), frozenset())))]
    ray_trials._run_trial({"trial": 1}, packed, str(store), Options(), "launch", None)
    return told


def test_a_trial_unpacks_its_own_cohorts_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And tells of them: the first event at once, what comes soon after it together."""
    assert run_trial(monkeypatch, tmp_path, None) == [{"events": ["event"]}] * 2


def test_an_exception_is_a_refusal_and_ends_the_launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_trial(monkeypatch, tmp_path, BenchError("full"))[1:] == [{"refusal": "full"}]
    accident = run_trial(monkeypatch, tmp_path, KeyError("accident"))[1:]
    assert "KeyError: 'accident'" in accident[0]["refusal"]
    forwarder = ray_trials.Forwarder(lambda event: None)
    stop = ray_trials.Stop(forwarder)
    forwarder.on_trial_result(0, [], None, {"events": ["event"]})
    assert not stop.stop_all()
    forwarder.on_trial_result(0, [], None, accident[0])
    assert stop.stop_all()


def test_what_the_cluster_does_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RayActorError):
        run_trial(monkeypatch, tmp_path, RayActorError())
