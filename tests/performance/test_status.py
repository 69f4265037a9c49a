"""`bench status` of ten thousand runs: compacted, and in the middle of their first launch. Run by `make benchmark`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.identity import variant_of
from bench.results import Journal, RunStore, read_progress, write_plan
from tests.results.samples import compacted, record

RUNS = 10_000
START = datetime(2026, 1, 2, tzinfo=UTC)


def make_store(folder: Path, *, journal: bool) -> Path:
    """A store in which one run in fifty is still to be done."""
    store, plan = RunStore(folder), []
    keeper = Journal(store, "launch")
    for i in range(RUNS):
        method, dataset, seed = f"m{i % 10}", f"d{i // 10 % 10}", i // 100
        config = {"training": {"steps": 100, "method": method, "dataset": dataset}, "seed": seed}
        plan.append((f"{i:016x}", dataset, method, seed, variant_of(config)))
        times = {"train_seconds": 1.0, "eval_seconds": 0.5, "started_at": START + timedelta(seconds=i)}
        ran = record(f"{i:016x}", seed=seed, method=method, dataset=dataset, config=config, **times)
        if i % 50:
            store.write(ran)
            keeper.add(ran)
    write_plan(store, plan)
    if journal:
        keeper.write()
    else:
        compacted(folder)
    return folder


@pytest.mark.parametrize("journal", [False, True], ids=["compacted", "first launch"])
def test_status_of_ten_thousand_runs(benchmark: BenchmarkFixture, tmp_path: Path, journal: bool) -> None:
    folder = make_store(tmp_path, journal=journal)
    found = benchmark.pedantic(lambda: read_progress(RunStore(folder)), rounds=3)
    assert int((found.runs["state"] == "to_do").sum()) == RUNS // 50
    assert found.rate is not None
    assert found.time_left.seconds is not None
