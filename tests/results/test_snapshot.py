"""One reading of a store: compacted files serve where nothing is newer, and no file is opened twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.column import Columns
from bench.results import RunStore, StorageError, compact, load_pictures, read_snapshot, snapshot
from bench.results.places import LocalPlace
from bench.results.snapshot import Snapshot
from tests.results.samples import compacted, curves, record, rows, store

PICTURE = np.arange(10, dtype=np.float32).reshape(5, 2)
PICTURES = {"samples": PICTURE, "reference": PICTURE + 1}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the run files that are opened."""
    names: list[str] = []
    read = snapshot.read_record

    def counting(folder: object, name: str, **options: object) -> object:
        names.append(name)
        return read(folder, name, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshot, "read_record", counting)
    monkeypatch.setattr("bench.results.bulky.read_record", counting)
    return names


def filled(folder: Path) -> Path:
    return store(
        folder,
        record("b", seed=1, metrics={"zeta": 5.0, "fid": 2.0, "elbo": -1.0, "elbo_se": 0.1}, steps=10, train_seconds=4),
        record("a", metrics={"fid": 1.5}, curves=((5, "loss", 0.5), (10, "loss", 0.25)), **PICTURES),
        record("c", seed=2, status="failed", error="why", protocols={"fid": "fid/1"}, labels={"extractor": "x"}),
        record("reference-a", metrics={"fid": 2.5}),
    )  # fmt: skip


def test_rows_from_files_and_from_compacted_files_are_the_same(tmp_path: Path, opened: list[str]) -> None:
    loose, loose_curves = rows(filled(tmp_path)), curves(tmp_path)
    compacted(tmp_path)
    opened.clear()
    again = rows(tmp_path)
    pd.testing.assert_frame_equal(again[loose.columns], loose)
    pd.testing.assert_frame_equal(curves(tmp_path), loose_curves)
    assert opened == []
    for name in ("runs", "references"):
        shutil.rmtree(tmp_path / name)
    pd.testing.assert_frame_equal(rows(tmp_path)[loose.columns], loose)
    pd.testing.assert_frame_equal(curves(tmp_path), loose_curves)
    found = load_pictures(RunStore(tmp_path), read_snapshot(RunStore(tmp_path)), ["a", "b"])
    assert found["run_id"].tolist() == ["a"]
    np.testing.assert_array_equal(found["samples"][0], PICTURE)
    np.testing.assert_array_equal(found["reference"][0], PICTURE + 1)


def test_the_frame(tmp_path: Path) -> None:
    runs = rows(filled(tmp_path))
    assert runs["run_id"].tolist() == ["a", "b", "c"]
    assert runs["fid"].tolist()[:2] == [1.5, 2.0]
    assert runs[["fid", "elbo"]].isna().sum().tolist() == [1, 2]
    assert runs.loc[1, "steps_per_second"] == 2.5
    assert runs.loc[2, ["protocol_fid", "extractor", "error"]].tolist() == ["fid/1", "x", "why"]
    assert rows(tmp_path, references=True)["fid"].tolist() == [2.5]
    assert curves(tmp_path).values.tolist() == [["a", 5, "loss", 0.5], ["a", 10, "loss", 0.25]]


def test_only_what_is_new_or_changed_is_opened(tmp_path: Path, opened: list[str]) -> None:
    filled(tmp_path)
    compacted(tmp_path)
    store(tmp_path, record("d", seed=3, metrics={"fid": 4.0}), record("b", seed=1, metrics={"fid": 20.0}))
    (tmp_path / "runs" / "a.parquet").unlink()
    opened.clear()
    frame = rows(tmp_path)
    assert sorted(opened) == ["runs/b.parquet", "runs/d.parquet"]
    assert dict(zip(frame["run_id"], frame["fid"], strict=True)) == pytest.approx(
        {"b": 20.0, "c": np.nan, "d": 4.0}, nan_ok=True
    )
    assert np.isnan(frame.set_index("run_id").loc["b", "elbo"])
    opened.clear()
    compacted(tmp_path)
    assert sorted(opened) == ["runs/b.parquet", "runs/d.parquet"]
    opened.clear()
    pd.testing.assert_frame_equal(rows(tmp_path)[frame.columns], frame)
    assert curves(tmp_path).empty
    assert opened == []


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["write", "remove", "compact"])), max_size=12))
def test_any_history_reads_as_its_files_do(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("history")
    results, figure = RunStore(folder), 0.0
    for name, what in [("a", "write"), *history]:
        figure += 1
        if what == "write":
            results.write(
                record(name, seed=ord(name), metrics={"fid": figure}, curves=((1, "loss", figure),), **PICTURES)
            )
        elif what == "remove":
            results.remove(name)
        else:
            compact(results, read_snapshot(results, whole=bool(figure % 2)), Columns())
    # emptied after compaction is no history of single runs: see the test of rows whose files have gone all together
    assume(any((folder / "runs").glob("*.parquet")) or not (folder / "runs.parquet").exists())
    found, points = rows(folder), curves(folder)
    for path in folder.glob("*.parquet"):
        path.unlink()
    expected = rows(folder)
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_dtype=not expected.empty)
    assert sorted(points["value"]) == sorted(expected.get("fid", ()))


def test_compacted_rows_stay_when_their_folder_has_gone(tmp_path: Path) -> None:
    filled(tmp_path)
    compacted(tmp_path, standalone=True)
    shutil.rmtree(tmp_path / "runs")
    store(tmp_path, record("d", seed=3))
    assert rows(tmp_path)["run_id"].tolist() == ["a", "b", "c", "d"]
    compacted(tmp_path)
    assert rows(tmp_path)["run_id"].tolist() == ["a", "b", "c", "d"]
    (tmp_path / "runs" / "d.parquet").unlink()
    assert rows(tmp_path)["run_id"].tolist() == ["a", "b", "c"]


def test_a_compaction_that_was_killed_half_way_does_no_harm(tmp_path: Path) -> None:
    """Curves and pictures are of another compaction than the rows: the runs' own files serve."""
    filled(tmp_path)
    compacted(tmp_path)
    before = (tmp_path / "runs.parquet").read_bytes()
    store(tmp_path, record("d", seed=3, curves=((1, "loss", 9.0),), **PICTURES))
    compacted(tmp_path)
    (tmp_path / "runs.parquet").write_bytes(before)
    assert sorted(curves(tmp_path)["value"]) == [0.25, 0.5, 9.0]
    results = RunStore(tmp_path)
    assert load_pictures(results, read_snapshot(results), ["a", "d"])["run_id"].tolist() == ["a", "d"]
    compacted(tmp_path)
    assert sorted(curves(tmp_path)["value"]) == [0.25, 0.5, 9.0]
    assert sorted(pq.read_table(tmp_path / "samples.parquet")["run_id"].to_pylist()) == ["a", "d"]


@pytest.mark.parametrize("how", ["folder", "files"])
def test_rows_whose_files_have_gone_all_together_stay(tmp_path: Path, how: str) -> None:
    """Nobody deletes every result one by one to have it again; a folder that was emptied is no wish to lose all."""
    filled(tmp_path)
    compacted(tmp_path)
    before, points = rows(tmp_path), curves(tmp_path)
    if how == "folder":
        shutil.rmtree(tmp_path / "runs")
    else:
        for path in (tmp_path / "runs").iterdir():
            path.unlink()
    pd.testing.assert_frame_equal(rows(tmp_path), before)
    for name in ("curves.parquet", "samples.parquet"):  # of another compaction, or gone: nothing else is there
        (tmp_path / name).unlink()
        pd.testing.assert_frame_equal(rows(tmp_path), before)
    assert len(points) == 2
    assert curves(tmp_path).empty


@pytest.mark.parametrize("name", ["curves.parquet", "samples.parquet"])
@pytest.mark.parametrize("damage", ["cut", "middle", "gone"])
def test_damaged_curves_and_pictures_are_made_again(tmp_path: Path, name: str, damage: str) -> None:
    filled(tmp_path)
    compacted(tmp_path)
    path = tmp_path / name
    content = bytearray(path.read_bytes())
    middle = len(content) // 4
    content[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(content if damage == "middle" else content[:100])
    if damage == "gone":
        path.unlink()
    results = RunStore(tmp_path)
    assert sorted(curves(tmp_path)["value"]) == [0.25, 0.5]
    assert load_pictures(results, read_snapshot(results), ["a"])["run_id"].tolist() == ["a"]
    store(tmp_path, record("d", seed=3))
    compacted(tmp_path)
    assert sorted(pq.read_table(tmp_path / "curves.parquet")["value"].to_pylist()) == [0.25, 0.5]
    assert pq.read_table(tmp_path / "samples.parquet")["run_id"].to_pylist() == ["a"]


def test_a_file_that_may_not_be_read_is_not_to_be_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everywhere, so the refusal is made up."""
    filled(tmp_path)
    compacted(tmp_path, standalone=True)
    shutil.rmtree(tmp_path / "runs")

    class Refusing:
        def __init__(self, real: object) -> None:
            self._real = real

        def open_input_file(self, path: str) -> None:
            raise PermissionError(13, "Permission denied")

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

    results = RunStore(tmp_path)
    place = LocalPlace(str(tmp_path), Refusing(results.folder._place.files))
    monkeypatch.setattr(results.folder, "_place", place)
    with pytest.raises(StorageError, match=r"cannot be read \(permission denied\); change its permissions") as found:
        read_snapshot(results)
    assert "delete" not in str(found.value)


def spoiled(folder: Path) -> Snapshot:
    return read_snapshot(RunStore(folder))


def test_a_copy_under_another_name_is_no_result(tmp_path: Path) -> None:
    filled(tmp_path)
    shutil.copy(tmp_path / "runs" / "a.parquet", tmp_path / "runs" / "a (1).parquet")
    found = spoiled(tmp_path)
    assert found.runs.frame["run_id"].tolist() == ["a", "b", "c"]
    assert len(found.problems) == 1
    assert "a (1).parquet: a copy of run a under another name is no result; delete it" in found.problems[0]


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "an empty file"), (b"PAR1", "not a readable result"), (None, "not a readable result")]
)
def test_a_file_that_is_no_result_is_named_and_left_out(tmp_path: Path, content: bytes | None, told: str) -> None:
    filled(tmp_path)
    path = tmp_path / "runs" / "d.parquet"
    if content is None:
        pd.DataFrame({"x": [1, 2]}).to_parquet(path)
    else:
        path.write_bytes(content)
    found = spoiled(tmp_path)
    assert found.runs.frame["run_id"].tolist() == ["a", "b", "c"]
    assert len(found.problems) == 1
    assert str(path) in found.problems[0]
    assert told in found.problems[0]


def test_a_broken_compacted_file_serves_nobody(tmp_path: Path) -> None:
    filled(tmp_path)
    compacted(tmp_path)
    path = tmp_path / "runs.parquet"
    path.write_bytes(path.read_bytes()[:1000])
    found = spoiled(tmp_path)
    assert found.runs.frame["run_id"].tolist() == ["a", "b", "c"]
    assert "runs.parquet: not readable" in found.problems[0]
    shutil.rmtree(tmp_path / "runs")
    with pytest.raises(StorageError, match=r"runs\.parquet: not readable"):
        spoiled(tmp_path)


def test_compacted_files_of_an_earlier_version(tmp_path: Path) -> None:
    """They do not name the files that they cover: alone they hold, beside the runs' files those do."""
    loose = rows(filled(tmp_path))
    loose.drop(columns="settings_id").to_parquet(tmp_path / "runs.parquet")
    (tmp_path / "runs" / "a.parquet").unlink()
    assert rows(tmp_path)["run_id"].tolist() == ["b", "c"]
    shutil.rmtree(tmp_path / "runs")
    pd.testing.assert_frame_equal(rows(tmp_path)[loose.columns], loose)


def test_no_runs_give_empty_frames(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert rows(tmp_path).empty
    assert curves(tmp_path).columns.tolist() == ["run_id", "step", "metric", "value"]
    assert not compacted(tmp_path).exists()


def test_plain_pandas_reads_what_is_compacted(tmp_path: Path) -> None:
    store(tmp_path, record("a", metrics={"fid": 1.0}), record("b", seed=1))
    frame = pd.read_parquet(compacted(tmp_path))
    assert frame["fid"].tolist()[0] == 1.0
    assert frame["started_at"].dt.year.tolist() == [2026, 2026]
    assert len(pd.read_parquet(tmp_path / "runs")) == 2


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    filled(tmp_path)
    compacted(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.parquet")}
    compacted(tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.parquet")} == before
