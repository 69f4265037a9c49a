"""Runs as a notebook shows them: who and how it ended, then the headline metrics, and how much is not shown."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

from bench.column import Columns

_IDENTITY = ("results", "dataset", "variant", "seed", "status")
_ROWS = 20


class Runs(pd.DataFrame):
    """A DataFrame as any other, but that a notebook shows its headline columns instead of all hundred.

    Whatever is made from it (a selection, a copy) is a plain DataFrame, which is shown as pandas shows it.
    """

    _metadata = ["headline"]  # noqa: RUF012 - as pandas wants it

    def __init__(self, data: Any = None, headline: Sequence[str] = (), **more: Any) -> None:  # noqa: ANN401
        super().__init__(data, **more)  # type: ignore[call-arg]
        object.__setattr__(self, "headline", tuple(headline))

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        names = [name for name in (*_IDENTITY, *self.headline) if name in self.columns and self[name].notna().any()]
        table = pd.DataFrame(self)[names].to_html(
            max_rows=_ROWS, index=False, border=0, na_rep="", float_format="{:.4g}".format
        )
        statuses = ", ".join(f"{count} {escape(str(name))}" for name, count in self["status"].value_counts().items())
        hidden = len(self.columns) - len(names)
        more = f"{hidden} more columns: <code>.columns</code>, <code>bench.columns</code>"
        return f"{table}<p>{len(self)} runs ({statuses}); {more}</p>"


def show_headlines(runs: pd.DataFrame, columns: Columns) -> Runs:
    """The same rows and columns, shown by the metrics that answer.

    Args:
        runs: a row per run, as `bench.load` gives it.
        columns: what is known of the columns.
    """
    return Runs(runs, [column.name for column in columns.headlines("page", "line") if column.name in runs.columns])


__all__ = ["Runs", "show_headlines"]
