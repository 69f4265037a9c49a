"""Records, files and frames: what is written is read back, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.results import SCHEMA, RunRecord, RunStore, compact, load_curves, load_pictures, load_runs, locate

ENVIRONMENT = {
    "hostname": "h",
    "python": "3.12",
    "torch": "2.11",
    "ray": None,
    "bench": "0.1",
    "git_commit": None,
    "git_dirty": None,
}


def record(run_id: str = "a", **changes: Any) -> RunRecord:
    values: dict[str, Any] = {
        "run_id": run_id,
        "suite": "s",
        "method": "kl",
        "family": "fgan",
        "divergence": "kl",
        "dataset": "ring",
        "seed": 0,
        "status": "done",
        "error": None,
        "config": {"training": {"steps": 3}},
        "cohort_size": 1,
        "dataset_sha256": "ab",
        "started_at": datetime(2026, 1, 2, tzinfo=UTC),
        "device": "cpu",
        "environment": ENVIRONMENT,
    }
    return RunRecord(**(values | changes))


def store(folder: Path, *records: RunRecord) -> Path:
    results = RunStore(folder)
    for each in records:
        results.write(each)
    return folder


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.floats(allow_nan=False), max_size=5))
def test_figures_survive(metrics: dict[str, float]) -> None:
    table = record(metrics=metrics).to_table()
    assert dict(table["metrics"][0].as_py()) == metrics
    assert table.schema == SCHEMA


@given(
    metrics=st.dictionaries(st.text(min_size=1, max_size=9), st.floats(allow_nan=False), max_size=5),
    labels=st.dictionaries(st.text(min_size=1, max_size=9), st.text(), max_size=3),
    curves=st.lists(st.tuples(st.integers(0, 9), st.text(max_size=5), st.floats(allow_nan=False)), max_size=4),
    measured=st.dictionaries(st.text(min_size=1, max_size=5), st.lists(st.text(max_size=5), max_size=3), max_size=3),
)
def test_a_record_is_read_back(metrics: Any, labels: Any, curves: Any, measured: Any) -> None:
    written = record(
        metrics=metrics, labels=labels, curves=tuple(curves), measured=measured, train_seconds=2.5, steps=None
    )
    assert RunRecord.from_table(written.to_table()) == written


def test_weights_lie_beside_their_run(tmp_path: Path) -> None:
    weights = {
        "layer.weight": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "batches": np.array(7),
        "none": np.zeros((0, 4), dtype=np.float32),
    }
    results = RunStore(store(tmp_path, record("a", weights=weights), record("b")))
    assert sorted(path.name for path in results.runs.iterdir()) == ["a.parquet", "a.safetensors", "b.parquet"]
    found = results.weights("a")
    assert {name: array.dtype for name, array in found.items()} == {k: v.dtype for k, v in weights.items()}
    for name, array in weights.items():
        np.testing.assert_array_equal(found[name], array)
    assert results.with_weights() == {"a"}
    assert results.finished() == {"a", "b"}
    with pytest.raises(BenchError, match=r"b\.safetensors: not a readable file of weights"):
        results.weights("b")
    results.remove("a")
    assert [path.name for path in results.runs.iterdir()] == ["b.parquet"]


def test_files_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    path = RunStore(store(tmp_path, record("a", metrics={"elbo": 1.0}), record("b", metrics={"elbo": 2.0}))).path("a")
    pq.write_table(pq.read_table(path).drop_columns(["measured"]), path)
    assert load_runs(tmp_path)["elbo"].tolist() == [1.0, 2.0]
    assert RunStore(tmp_path).record("a").measured == {}


def test_reference_rows_have_a_place_of_their_own(tmp_path: Path) -> None:
    store(tmp_path, record("a", metrics={"fid": 1.0}), record("reference-a", metrics={"fid": 2.0}))
    assert load_runs(tmp_path)["fid"].tolist() == [1.0]
    assert load_runs(tmp_path, references=True)["fid"].tolist() == [2.0]
    assert RunStore(tmp_path).finished() == {"a", "reference-a"}
    compact(tmp_path)
    assert pd.read_parquet(tmp_path / "runs.parquet")["run_id"].tolist() == ["a"]
    assert pd.read_parquet(tmp_path / "references.parquet")["run_id"].tolist() == ["reference-a"]


def test_frames(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    pictures, labels = {"samples": samples, "reference": samples}, {"feature_extractor": "x"}
    store(
        tmp_path,
        record(
            "b", seed=1, metrics={"zeta": 5.0, "fid": 2.0, "elbo": -1.0, "elbo_se": 0.1}, steps=10, train_seconds=4.0
        ),
        record("a", metrics={"fid": 1.5}, curves=((5, "loss", 0.5), (10, "loss", 0.25)), **pictures),
        record("c", seed=2, status="failed", error="why", protocols={"fid": "fid/1"}, labels=labels),
    )
    runs = load_runs(tmp_path)
    assert runs["run_id"].tolist() == ["a", "b", "c"]
    metrics = [c for c in runs.columns if c in ("elbo", "elbo_se", "fid", "zeta")]
    assert metrics == ["elbo", "elbo_se", "fid", "zeta"]
    assert runs["fid"].tolist()[:2] == [1.5, 2.0]
    assert runs[["fid", "elbo"]].isna().sum().tolist() == [1, 2]
    assert runs.loc[1, "steps_per_second"] == 2.5
    assert runs.loc[2, ["protocol_fid", "feature_extractor", "error"]].tolist() == ["fid/1", "x", "why"]
    assert load_curves(tmp_path).values.tolist() == [["a", 5, "loss", 0.5], ["a", 10, "loss", 0.25]]
    loaded = load_pictures(tmp_path)
    assert loaded["run_id"].tolist() == ["a"]
    assert np.array_equal(loaded["samples"][0], samples)


def test_plain_pandas_reads_what_is_compacted(tmp_path: Path) -> None:
    store(tmp_path, record("a", metrics={"fid": 1.0}), record("b", seed=1))
    frame = pd.read_parquet(compact(tmp_path))
    assert frame["fid"].tolist()[0] == 1.0
    assert frame["started_at"].dt.year.tolist() == [2026, 2026]
    assert len(pd.read_parquet(tmp_path / "runs")) == 2


def test_no_runs_give_an_empty_frame(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert load_runs(tmp_path).empty
    assert load_curves(tmp_path).columns.tolist() == ["run_id", "step", "metric", "value"]
    assert pd.read_parquet(compact(tmp_path)).empty


def test_a_kill_while_writing_leaves_the_old_file_or_none(tmp_path: Path) -> None:
    """A process is killed in the middle of a write: no result appears, and readers do not trip over the rest."""
    program = (
        "import os, pyarrow.parquet as pq\n"
        "from tests.results.test_results import record\n"
        "from bench.results import RunStore\n"
        "from pathlib import Path\n"
        "def half(table, path, **k):\n"
        "    Path(path).write_bytes(b'PAR1 half'); os._exit(9)\n"
        "pq.write_table = half\n"
        f"RunStore(Path({str(tmp_path)!r})).write(record('a'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=Path(__file__).parents[2], env=os.environ)
    assert done.returncode == 9
    assert len(list((tmp_path / "runs").iterdir())) == 1
    assert RunStore(tmp_path).finished() == frozenset()
    assert load_runs(tmp_path).empty


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        Path(arguments[1]).write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="no space"):
        RunStore(tmp_path).write(record())
    assert list((tmp_path / "runs").iterdir()) == []


def test_relabelling_keeps_the_figures(tmp_path: Path) -> None:
    store(tmp_path, record("a", metrics={"fid": 1.5}))
    RunStore(tmp_path).relabel("a", suite="s", method="new name", dataset="ring")
    row = load_runs(tmp_path).iloc[0]
    assert (row["method"], row["fid"]) == ("new name", 1.5)
    assert pq.read_schema(tmp_path / "runs" / "a.parquet") == SCHEMA


def test_damaged_and_missing_results_are_told(tmp_path: Path) -> None:
    store(tmp_path / "s", record("a"))
    (tmp_path / "s" / "runs" / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(BenchError, match=r"b\.parquet: not a readable result"):
        load_runs(tmp_path / "s")
    with pytest.raises(BenchError, match="it has results of: s"):
        locate(tmp_path)
    with pytest.raises(BenchError, match="found no results"):
        locate(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match="expected a folder"):
        RunStore(tmp_path / "file")
