"""`bench status` of ten thousand runs: compacted, and in the middle of their first launch. Run by `make benchmark`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.identity import variant_of
from bench.results import Journal, RunStore, read_progress, write_plan
from tests.results.samples import compacted, record

RUNS, LEFT = 10_000, 200
START = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """The last of the seeds are still to be done; what is there is in a journal."""
    store, plan = RunStore(tmp_path_factory.mktemp("store")), []
    journal = Journal(store, "launch")
    for i in range(RUNS):
        method, dataset, seed = f"m{i % 10}", f"d{i // 10 % 10}", i // 100
        config = {"training": {"steps": 100, "method": method, "dataset": dataset}, "seed": seed}
        plan.append((f"{i:016x}", dataset, method, seed, variant_of(config)))
        if i < RUNS - LEFT:
            times = {"train_seconds": 1.0, "eval_seconds": 0.5, "started_at": START + timedelta(seconds=i)}
            ran = record(f"{i:016x}", seed=seed, method=method, dataset=dataset, config=config, **times)
            store.write(ran)
            journal.add(ran)
    write_plan(store, plan)
    journal.write()
    return store


def look(store: RunStore) -> None:
    found = read_progress(RunStore(store.location))
    assert int((found.runs["state"] == "to_do").sum()) == LEFT
    assert found.rate is not None
    assert found.time_left.seconds is not None


def test_in_the_middle_of_the_first_launch(benchmark: BenchmarkFixture, store: RunStore) -> None:
    benchmark.pedantic(look, args=(store,), rounds=3)


def test_compacted(benchmark: BenchmarkFixture, store: RunStore) -> None:
    compacted(Path(store.location))
    benchmark.pedantic(look, args=(store,), rounds=3)
