"""One report of the made-up frames, shared by all tests that read it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.reporting import render
from tests.analysis.declared import dictionary
from tests.reporting import synthetic


@pytest.fixture(scope="session")
def runs() -> pd.DataFrame:
    return synthetic.runs()


@pytest.fixture(scope="session")
def report(runs: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the report on all made-up runs."""
    out = tmp_path_factory.mktemp("report")
    render(
        runs,
        synthetic.curves(runs),
        synthetic.pictures(runs),
        synthetic.suite(),
        out,
        references=synthetic.references(),
        columns=dictionary(),
    )
    return out
