"""Records and their files: what is written is read back, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.results import SCHEMA, RunRecord, RunStore, WeightsError, open_store
from tests.results.samples import record, rows, store

ROOT = Path(__file__).parents[2]


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
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert names == ["a.parquet", "a.safetensors", "b.parquet"]
    found = results.weights("a")
    assert {name: array.dtype for name, array in found.items()} == {k: v.dtype for k, v in weights.items()}
    for name, array in weights.items():
        np.testing.assert_array_equal(found[name], array)
    assert results.with_weights() == {"a"}
    assert results.finished() == {"a", "b"}
    with pytest.raises(WeightsError, match=r"b\.safetensors: not a readable file of weights"):
        results.weights("b")
    results.remove("a")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["b.parquet"]


def test_weights_have_the_mode_that_records_have(tmp_path: Path) -> None:
    store(tmp_path, record("a", weights={"w": np.zeros(2, np.float32)}))
    modes = {(tmp_path / "runs" / f"a.{suffix}").stat().st_mode & 0o777 for suffix in ("parquet", "safetensors")}
    umask = os.umask(0)
    os.umask(umask)
    assert modes == {0o666 & ~umask}


@pytest.mark.parametrize("content", [b"", b"damaged", b"\xff" * 64], ids=["empty", "text", "bits"])
def test_damaged_weights_name_the_command_that_makes_them_again(tmp_path: Path, content: bytes) -> None:
    results = RunStore(store(tmp_path, record("a", weights={"w": np.zeros(2, np.float32)})))
    (tmp_path / "runs" / "a.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match="--retry weights"):
        results.weights("a")


def test_files_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    store(tmp_path, record("a", metrics={"elbo": 1.0}), record("b", metrics={"elbo": 2.0}, seed=1))
    path = tmp_path / "runs" / "a.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["measured"]), path)
    assert rows(tmp_path)["elbo"].tolist() == [1.0, 2.0]
    assert RunStore(tmp_path).record("a").evaluation.columns == {}


def test_a_kill_while_writing_leaves_no_result_and_the_next_command_sweeps(tmp_path: Path) -> None:
    program = (
        "import os, pyarrow.parquet as pq\n"
        "from tests.results.samples import record\n"
        "from bench.results import RunStore\n"
        "def half(table, stream, **k):\n"
        "    stream.write(b'PAR1 half'); stream.flush(); os._exit(9)\n"
        "pq.write_table = half\n"
        f"RunStore({str(tmp_path)!r}).write(record('a'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT, env=os.environ)
    assert done.returncode == 9
    assert len(list((tmp_path / "runs").iterdir())) == 1
    results = RunStore(tmp_path)
    assert results.finished() == frozenset()
    assert rows(tmp_path).empty
    results.sweep()
    assert list((tmp_path / "runs").iterdir()) == []


def test_relabelling_keeps_the_figures(tmp_path: Path) -> None:
    store(tmp_path, record("a", metrics={"fid": 1.5}))
    RunStore(tmp_path).relabel("a", {"suite": "s", "method": "new name", "dataset": "ring"})
    row = rows(tmp_path).iloc[0]
    assert (row["method"], row["fid"]) == ("new name", 1.5)
    assert pq.read_schema(tmp_path / "runs" / "a.parquet") == SCHEMA


def test_where_no_results_are_is_told(tmp_path: Path) -> None:
    store(tmp_path / "s", record("a"))
    with pytest.raises(BenchError, match="it has results of: s"):
        open_store(tmp_path)
    with pytest.raises(BenchError, match="found no results"):
        open_store(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match="expected a folder"):
        RunStore(tmp_path / "file")
