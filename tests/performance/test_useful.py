"""How much of two cores goes into runs: useful seconds over wall time × cores. Run by `make benchmark`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.launch import Event, Finished, Job, Options, make_launcher
from bench.launch.events import Started
from bench.session import prepare
from tests.registries import restored

CORES = 2
PLUGIN = """
import time
from bench import register_estimator
from bench.metrics import Value

@register_estimator("working", version=1)
def working(p, q, divergences, generator):
    "Computes for a given time."
    end = time.thread_time() + {seconds}
    while time.thread_time() < end:
        pass
    return {{d.name: Value(0.5, 0.1) for d in divergences}}
"""


def suite(plugin: Path, runs: int) -> dict[str, Any]:
    return {
        "kind": "calibration",
        "name": "useful",
        "seeds": runs,
        "estimators": {"working": {}},
        "pairs": {"shapes": ["shifted"], "dimensions": [1], "sizes": [1.0]},
        "samples": [200],
        "divergences": ["kl"],
        "plugins": [str(plugin)],
    }


@pytest.mark.parametrize(("runs", "seconds"), [(200, 0.1), (40, 2.0)])
def test_useful_share(
    benchmark: BenchmarkFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: int, seconds: float
) -> None:
    """`useful` counts from when the first worker begins, `with_start` from when the command does."""
    monkeypatch.setenv("BENCH_CACHE_DIR", str(tmp_path / "cache"))
    plugin = tmp_path / "plugin.py"
    plugin.write_text(PLUGIN.format(seconds=seconds))
    moments: list[float] = []

    def show(event: Event) -> None:
        if isinstance(event, Started if not moments else Finished):
            moments.append(time.monotonic())

    def launch() -> None:
        session = prepare(suite(plugin, runs), out=tmp_path)
        make_launcher("ray").launch(Job(session.stage.plans, session.store, Options(), {}), show)

    began = time.monotonic()
    with restored():
        benchmark.pedantic(launch, rounds=1)
    useful, first, last = runs * seconds / CORES, moments[0], moments[-1]
    benchmark.extra_info["useful"] = round(useful / (last - first), 3)
    benchmark.extra_info["with_start"] = round(useful / (time.monotonic() - began), 3)
    benchmark.extra_info["first_run_begins_after_seconds"] = round(first - began, 1)
    assert len(moments) == runs + 1
