"""Reports side by side."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.errors import ArgumentError
from bench.gallery import main, render_gallery

_REFERENCE = Path(__file__).parents[1] / "results" / "reference" / "projections"


def test_reports_are_linked_and_what_has_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tmp_path / "results"
    shutil.copytree(_REFERENCE, found / "a & b")
    (found / "broken").mkdir()
    (found / "broken" / "runs.parquet").write_bytes(b"no parquet")
    assert main([str(found), str(tmp_path / "out")]) in {0, 1}
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert '<a href="a%20%26%20b/index.html">a &amp; b</a>' in page
    assert (tmp_path / "out" / "a & b" / "index.html").is_file()
    assert "broken" in page
    assert "a & b: done" in capsys.readouterr().out


def test_a_folder_without_results_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ArgumentError, match="found no folder with runs"):
        render_gallery(tmp_path, tmp_path / "out")
    assert main([str(tmp_path), str(tmp_path / "out")]) == 2
    assert "found no folder" in capsys.readouterr().err
