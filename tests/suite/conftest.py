"""Suite files to test with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.suite.samples import WriteSuite


@pytest.fixture
def write(tmp_path: Path) -> WriteSuite:
    """Write a suite file and return its path."""

    def write_text(text: str) -> Path:
        path = tmp_path / "x.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_text
