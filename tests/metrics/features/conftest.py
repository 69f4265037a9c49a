"""Features are kept in a folder of the test, and nothing is remembered from one test to the next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.metrics import EXTRACTORS
from bench.metrics.features import reference


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where features of real data are kept during a test."""
    monkeypatch.setenv("BENCH_CACHE_DIR", str(tmp_path / "cache"))
    reference.forget()
    yield tmp_path / "cache" / "features"
    reference.forget()


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registrations of a test end with it."""
    monkeypatch.setattr(EXTRACTORS, "_entries", dict(EXTRACTORS._entries))
    monkeypatch.setattr(EXTRACTORS, "_origins", dict(EXTRACTORS._origins))
