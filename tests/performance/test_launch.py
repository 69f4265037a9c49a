"""Launching many short runs on Ray: time to the first record, runs a second, memory. Run by `make benchmark`."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.launch import Event, Finished, Job, Options, make_launcher
from bench.session import prepare
from tests.registries import restored

RUNS, MEASURED = 10_000, 1_000
PLUGIN = """
import time
from bench import register_estimator
from bench.metrics import Value

@register_estimator("tiny", version=1)
def tiny(p, q, divergences, generator):
    "A sleep of 20 ms."
    time.sleep(0.02)
    return {d.name: Value(0.5, 0.1) for d in divergences}
"""


def suite(plugin: Path) -> dict[str, Any]:
    return {
        "kind": "calibration",
        "name": "many",
        "seeds": RUNS // 4,
        "estimators": {"tiny": {}},
        "pairs": {"shapes": ["shifted", "widened"], "dimensions": [1, 2], "sizes": [1.0]},
        "samples": [200],
        "divergences": ["kl"],
        "plugins": [str(plugin)],
    }


def test_plan_of_ten_thousand_runs(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text(PLUGIN)
    with restored():
        session = benchmark.pedantic(prepare, args=(suite(plugin),), kwargs={"out": tmp_path}, rounds=3)
    assert sum(len(plan.specs) for plan in session.stage.plans) == RUNS


def test_ten_thousand_runs(benchmark: BenchmarkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rounds' time includes Ray's start; the figures beside it do not."""
    from bench.launch import ray_trials

    plugin = tmp_path / "plugin.py"
    plugin.write_text(PLUGIN)
    session = prepare(suite(plugin), out=tmp_path)
    moments: list[float] = []

    def fit(*arguments: Any, begin: Any = ray_trials._fit) -> None:
        moments.append(time.monotonic())
        begin(*arguments)

    class Counting(ray_trials.Forwarder):
        def on_trial_result(self, *arguments: Any, **information: Any) -> None:
            super().on_trial_result(*arguments, **information)
            if len(moments) > MEASURED:
                self.refusals.append("enough")

    def show(event: Event) -> None:
        if isinstance(event, Finished):
            moments.append(time.monotonic())

    def launch() -> None:
        with pytest.raises(Exception, match="enough"):
            make_launcher("ray").launch(Job(session.stage.plans, session.store, Options(), {}), show)

    monkeypatch.setattr(ray_trials, "_fit", fit)
    monkeypatch.setattr(ray_trials, "Forwarder", Counting)
    benchmark.pedantic(launch, rounds=1)
    began, first, last = moments[0], moments[1], moments[MEASURED]
    benchmark.extra_info["first_record_seconds"] = round(first - began, 1)
    benchmark.extra_info["driver_megabytes"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    benchmark.extra_info["runs_per_second"] = round((MEASURED - 1) / (last - first), 1)
    assert len(session.store.finished()) >= MEASURED
