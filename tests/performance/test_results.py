"""Reading a store: what compacted files save. Run by `make benchmark`; compare the rows of one run."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import bench
from bench.results import RunStore, read_snapshot
from tests.results.samples import compacted, record

RUNS = 1000
PICTURE = np.zeros((200, 2), np.float32)


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of so many runs, each with curves and a picture."""
    folder = tmp_path_factory.mktemp("store")
    store, rng = RunStore(folder), np.random.default_rng(0)
    for seed in range(RUNS):
        figures = {f"figure_{i}": float(value) for i, value in enumerate(rng.normal(size=20))}
        curves = tuple((step, "loss", 1.0 / step) for step in range(1, 101))
        config = {"training": {"steps": 100}, "seed": seed}
        pictures = {"samples": PICTURE, "reference": PICTURE}
        store.write(record(f"{seed:016x}", seed=seed, config=config, metrics=figures, curves=curves, **pictures))
    return folder


@pytest.fixture(scope="module")
def whole(loose: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same store, compacted."""
    folder = tmp_path_factory.mktemp("compacted") / "store"
    shutil.copytree(loose, folder)
    compacted(folder)
    return folder


def test_snapshot_of_single_files(benchmark: BenchmarkFixture, loose: Path) -> None:
    found = benchmark(lambda: read_snapshot(RunStore(loose)))
    assert len(found.runs.frame) == RUNS


def test_snapshot_of_compacted_files(benchmark: BenchmarkFixture, whole: Path) -> None:
    found = benchmark(lambda: read_snapshot(RunStore(whole)))
    assert len(found.runs.frame) == RUNS


@pytest.mark.parametrize("curves", [False, True], ids=["rows", "curves"])
def test_load(benchmark: BenchmarkFixture, whole: Path, curves: bool) -> None:
    assert len(benchmark(lambda: bench.load(whole, curves=curves))) == RUNS * (100 if curves else 1)
