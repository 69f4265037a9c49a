"""The made-up runs that tests of analysis and of the report share."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.reporting import synthetic


@pytest.fixture(scope="session")
def runs() -> pd.DataFrame:
    return synthetic.runs()
