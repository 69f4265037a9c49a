"""The data dictionary."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.analysis import read_columns
from bench.column import Columns
from tests.analysis.declared import COLUMNS, dictionary


def test_declarations_survive_the_store(tmp_path: Path) -> None:
    assert read_columns(dictionary()) == COLUMNS
    dictionary().to_parquet(tmp_path / "columns.parquet")
    assert read_columns(pd.read_parquet(tmp_path / "columns.parquet")) == COLUMNS


def test_nothing_declared() -> None:
    assert read_columns(None) == read_columns(pd.DataFrame()) == Columns()
