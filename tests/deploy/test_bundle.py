"""A suite with its plugins in another place gives the same runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.deploy import bundle
from bench.errors import ArgumentError


def test_files_keep_their_places_to_each_other(tmp_path: Path) -> None:
    for name in ("suites/deep/a.yaml", "common/p.py", "suites/q.py", "other.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(f"# {name} é\r\n".encode())
    found = bundle(tmp_path / "suites" / "deep" / "a.yaml", ["../../common/p.py", "../q.py"])
    assert found.suite == "suites/deep/a.yaml"
    assert {*found.files} == {"suites/deep/a.yaml", "common/p.py", "suites/q.py"}
    found.write(tmp_path / "new")
    for name in found.files:
        assert (tmp_path / "new" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_suite_alone_is_its_file_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x")
    assert bundle(tmp_path / "a.yaml", []).suite == "a.yaml"


def test_an_absolute_plugin_does_not_travel(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"found '/x/p\.py'; expected a path relative to the suite file"):
        bundle(tmp_path / "a.yaml", ["/x/p.py"])
