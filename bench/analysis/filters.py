"""Some rows of a frame: those with given values in given columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bench.errors import UnknownNameError

Wanted = str | Sequence[str] | None


def keep_rows(rows: pd.DataFrame, wanted: Mapping[str, Wanted]) -> pd.DataFrame:
    """The rows that have one of the wanted values in each column.

    Args:
        rows: a row per run.
        wanted: by column the value or values; None for any.

    Raises:
        UnknownNameError: if no row has a value that is asked for; rows that other columns leave out count too.
    """
    kept = pd.Series(True, index=rows.index)
    for column, values in wanted.items():
        if values is None:
            continue
        names = [values] if isinstance(values, str) else list(values)
        there = list(dict.fromkeys(str(value) for value in rows[column].dropna()))
        for name in names:
            if name not in there:
                raise UnknownNameError(f"{column} of these results", name, there)
        kept &= rows[column].isin(names)
    return rows[kept].reset_index(drop=True)


__all__ = ["Wanted", "keep_rows"]
