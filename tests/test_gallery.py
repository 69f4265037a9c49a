"""Reports side by side."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import ArgumentError
from bench.gallery import render_gallery

_REFERENCE = Path(__file__).parents[1] / "results" / "reference" / "projections"


def test_reports_are_linked_and_what_has_none_is_told(tmp_path: Path) -> None:
    found, out = tmp_path / "results", tmp_path / "out"
    shutil.copytree(_REFERENCE, found / "a & b")
    shutil.copytree(_REFERENCE, found / "papers" / "deeper")
    (found / "broken").mkdir()
    (found / "broken" / "runs.parquet").write_bytes(b"no parquet")
    done = CliRunner().invoke(app, ["gallery", str(found), str(out)])
    assert done.exit_code == 1
    assert "a & b: done" in done.stdout
    page = (out / "index.html").read_text(encoding="utf-8")
    assert '<a href="a%20%26%20b/index.html">a &amp; b</a>' in page
    assert (out / "a & b" / "index.html").is_file()
    assert '<a href="papers/deeper/index.html">papers/deeper</a>' in page
    assert (out / "papers" / "deeper" / "index.html").is_file()
    assert "<li>broken: no report: " in page


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="found no folder with runs"):
        render_gallery(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
