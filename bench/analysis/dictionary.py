"""The data dictionary: the declarations of a frame's columns, themselves a frame."""

from __future__ import annotations

import pandas as pd

from bench.column import Column, Columns


def read_columns(dictionary: pd.DataFrame | None) -> Columns:
    """The declarations in a data dictionary.

    Args:
        dictionary: a row per column as `Column.as_row` gives it; None or no rows where nothing is declared, so that
            columns are described as far as their names tell.
    """
    if dictionary is None or dictionary.empty:
        return Columns()
    plain = dictionary.astype(object).where(dictionary.notna(), None)
    rows = [{str(name): value for name, value in row.items()} for row in plain.to_dict(orient="records")]
    return Columns.of(Column.from_row(row) for row in rows)


__all__ = ["read_columns"]
