"""Reading and tabulating 100,000 runs, beside a tenth of them: the ratio says how the time grows with the runs.

The aims are 2 s to load them and 30 s for the tables. Run by `make benchmark`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import bench
from bench.analysis import compare_methods, rank_methods, summarise
from bench.reading import read_results
from bench.results import RunStore
from tests.results.samples import compacted, record

DATASETS = ("ring", "grid")
METHODS = ("kl", "reverse_kl", "js", "gan", "squared_hellinger")
METRICS = ("div_kl", "div_js", "div_reverse_kl", "modes_covered", "high_quality_fraction", "mode_kl", "fid", "kid")
SIZES = (10_000, 100_000)


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size} runs")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compacted store of so many runs, each of ten cells with its share of seeds; one in 25 failed."""
    folder = tmp_path_factory.mktemp("many")
    store = RunStore(folder)
    for place, (dataset, method) in enumerate((d, m) for d in DATASETS for m in METHODS):
        figures = dict.fromkeys(METRICS, 1.0 + place) | {"div_kl_se": 0.1, "div_kl_growth": 0.01}
        config = {"method": method, "training": {"steps": 100, "lr": 0.001 * place}, "seed": 0}
        store.write(record(f"{place:016x}", dataset=dataset, method=method, divergence=method, config=config,
                           metrics=figures, protocols={"divergences": "divergences/4"}))  # fmt: skip
    _multiply(compacted(folder), request.param // len(DATASETS) // len(METHODS))
    for path in (folder / "runs").iterdir():
        path.unlink()
    (folder / "runs").rmdir()
    return folder


def test_load(benchmark: BenchmarkFixture, results: Path) -> None:
    benchmark.group = "bench.load"
    frame = benchmark.pedantic(bench.load, (results,), rounds=3, warmup_rounds=1)
    assert len(frame) in SIZES


@pytest.mark.parametrize("table", [summarise, compare_methods, rank_methods])
def test_tables(benchmark: BenchmarkFixture, results: Path, table: object) -> None:
    assert callable(table)
    benchmark.group = f"bench.analysis.{table.__name__}"
    read = read_results(results)
    assert len(benchmark.pedantic(table, (read.rows(), read.columns), rounds=2)) > 0


def _multiply(path: Path, seeds: int) -> None:
    """Give each row of a compacted file so many seeds, with noise on its figures; the file names every run's."""
    table = pq.read_table(path)
    frame = table.to_pandas()
    many = frame.loc[frame.index.repeat(seeds)].reset_index(drop=True)
    seed, rng = np.tile(np.arange(seeds), len(frame)), np.random.default_rng(0)
    for name in METRICS:
        many[name] = many[name] * (1 + 0.05 * rng.normal(size=len(many)))
    failed = rng.random(len(many)) < 0.04
    many.loc[failed, list(METRICS)] = np.nan
    config = many["config"].str.replace('"seed": 0', '"seed": ') + "}"
    texts = [text.replace('"seed": ', f'"seed": {number}', 1) for text, number in zip(config, seed, strict=True)]
    many = many.assign(
        seed=seed, run_id=[f"{number:016x}" for number in range(len(many))], config=texts,
        status=np.where(failed, "failed", "done"),
    )  # fmt: skip
    written = pa.Table.from_pandas(pd.DataFrame(many), schema=table.schema.remove_metadata(), preserve_index=False)
    pq.write_table(written.replace_schema_metadata(table.schema.metadata), path)
