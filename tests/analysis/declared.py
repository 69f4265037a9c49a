"""What this version declares of its columns, to analyse and report made-up frames with."""

from __future__ import annotations

import pandas as pd

from bench.dictionary import declared_columns

COLUMNS = declared_columns()
"""The declarations by name."""


def dictionary() -> pd.DataFrame:
    """The declarations as the data dictionary that the store keeps."""
    return pd.DataFrame([column.as_row() for column in COLUMNS.values()])
