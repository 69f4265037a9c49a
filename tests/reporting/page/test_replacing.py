"""A report is replaced whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.reporting.page.replacing import GENERATOR, PAGE, replace_report


def _write(out: Path, text: str, *names: str) -> None:
    with replace_report(out) as draft:
        (draft / PAGE).write_text(GENERATOR + text)
        for name in names:
            (draft / name).write_text(text)


def _files(out: Path) -> dict[str, str]:
    return {str(p.relative_to(out)): p.read_text().removeprefix(GENERATOR) for p in out.rglob("*") if p.is_file()}


def test_a_new_report_replaces_the_old_one(tmp_path: Path) -> None:
    _write(tmp_path / "a" / "b", "1", "tables/x.csv", "figures/x.svg")
    _write(tmp_path / "a" / "b", "2", "tables/y.csv", "figures/x.svg")
    assert _files(tmp_path / "a" / "b") == {PAGE: "2", "tables/y.csv": "2", "figures/x.svg": "2"}


def test_an_old_report_survives_a_failure(tmp_path: Path) -> None:
    _write(tmp_path, "1", "tables/x.csv")

    def fail() -> None:
        with replace_report(tmp_path) as draft:
            (draft / PAGE).write_text("2")
            (draft / "tables" / "x.csv").write_text("2")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert _files(tmp_path) == {PAGE: "1", "tables/x.csv": "1"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["figures", PAGE, "tables"]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    for name in ("notes.txt", "tables/mine.csv"):
        (tmp_path / name).write_text("mine")
    _write(tmp_path, "1", "tables/x.csv")
    assert _files(tmp_path)["tables/mine.csv"] == "mine"
    (tmp_path / "tables" / "mine.xlsx").write_text("mine")
    _write(tmp_path, "2", "tables/x.csv")
    assert _files(tmp_path)["notes.txt"] == "mine"
    assert _files(tmp_path)["tables/mine.xlsx"] == "mine"
