"""Rows that were replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bench.results import RunStore, earlier_rows, keep_history, read_snapshot
from tests.results.samples import record, rows, store

CONFIG = {"training": {"steps": 3}}


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def test_replaced_rows_are_kept_and_found(tmp_path: Path) -> None:
    store(tmp_path, *(record(name, seed=seed, config=CONFIG, metrics={"fid": 1.0}) for seed, name in enumerate("ab")))
    results = RunStore(tmp_path)
    keep_history(results, rows(tmp_path), ["a", "unknown"])
    results.write(record("a", config=CONFIG, metrics={"fid": 2.0}, started_at=day(5)))
    present = rows(tmp_path)
    earlier = earlier_rows(results, present, present)
    assert earlier[["run_id", "fid"]].to_numpy().tolist() == [["a", 1.0]]
    assert earlier["settings_id"].tolist() == present["settings_id"].tolist()[:1]


def test_the_latest_of_several_counts(tmp_path: Path) -> None:
    results = RunStore(tmp_path)
    for number in (1, 2, 3):
        results.write(record("a", config=CONFIG, metrics={"fid": float(number)}, started_at=day(number)))
        if number < 3:
            keep_history(results, rows(tmp_path), ["a"])
    present = rows(tmp_path)
    assert earlier_rows(results, present, present)["fid"].tolist() == [2.0]
    assert len(list((tmp_path / "history").iterdir())) == 2


def test_rows_of_other_protocols_in_the_store_are_earlier_ones(tmp_path: Path) -> None:
    store(
        tmp_path,
        record("old", config=CONFIG | {"protocols": {"fid": "fid/1"}}),
        record("new", config=CONFIG | {"protocols": {"fid": "fid/2"}}, started_at=day(9)),
    )
    runs = rows(tmp_path)
    found = earlier_rows(RunStore(tmp_path), runs, runs[runs["run_id"] == "new"])
    assert found["run_id"].tolist() == ["old"]


def test_rows_that_stayed_are_no_earlier_ones(tmp_path: Path) -> None:
    store(tmp_path, record("a", config=CONFIG))
    results = RunStore(tmp_path)
    keep_history(results, rows(tmp_path), ["a"])  # and then the command was broken off
    present = rows(tmp_path)
    assert earlier_rows(results, present, present).empty
    assert earlier_rows(RunStore(tmp_path / "none"), present, present).empty


def test_nothing_is_written_where_nothing_is_replaced(tmp_path: Path) -> None:
    store(tmp_path, record("a", config=CONFIG))
    keep_history(RunStore(tmp_path), rows(tmp_path), [])
    assert not (tmp_path / "history").exists()


def test_a_measurement_made_again_is_another_record(tmp_path: Path) -> None:
    store(tmp_path, record("a", config=CONFIG, metrics={"fid": 1.0}, labels={"evaluated_later": "one"}))
    results = RunStore(tmp_path)
    keep_history(results, rows(tmp_path), ["a"])
    results.write(record("a", config=CONFIG, metrics={"fid": 1.5}, labels={"evaluated_later": "two"}))
    present = rows(tmp_path)
    assert earlier_rows(results, present, present)["fid"].tolist() == [1.0]


def test_damaged_files_are_left_out(tmp_path: Path) -> None:
    store(tmp_path, record("a", config=CONFIG))
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "20260101T000000000000Z.parquet").write_bytes(b"PAR1")
    (tmp_path / "history" / "note.txt").write_text("mine")
    present = rows(tmp_path)
    assert earlier_rows(RunStore(tmp_path), present, present).empty
    assert len(read_snapshot(RunStore(tmp_path)).runs.frame) == 1
