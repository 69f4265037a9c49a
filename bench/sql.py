"""SQL over results: DuckDB on the frames that `bench.load` gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bench.errors import ArgumentError
from bench.reading import ReadResults, Which, name_results, read_all
from bench.results import columns_frame

if TYPE_CHECKING:
    import duckdb

Table = Callable[[ReadResults, Which], pd.DataFrame]


def _read_curves(results: ReadResults, variants: Which) -> pd.DataFrame:
    return results.curves(results.rows(variants))


def _read_real_data(results: ReadResults, variants: Which) -> pd.DataFrame:
    return results.rows(variants, references=True)


TABLES: Mapping[str, Table] = {
    "runs": lambda results, variants: results.rows(variants),
    "trials": lambda results, variants: results.rows(variants, stage="search"),
    "curves": _read_curves,
    "references": _read_real_data,
    "real_data": _read_real_data,
    "columns": lambda results, variants: columns_frame(results.columns),
}
"""What a query can ask for; `references` is a word of SQL and has to be quoted there, `real_data` is the same."""


def query(results: str | Path | Sequence[str | Path], sql: str, *, variants: Which = "suite") -> pd.DataFrame:
    """Rows of one or several suites' results, by SQL.

    Tables: `runs` (a row per run, as `bench.load` gives it), `trials` (of a search), `curves` (run_id, step, metric,
    value), `real_data` (also `"references"`, in quotes) and `columns` (the data dictionary). Each has a column
    `results` that says where a row is from.

    Args:
        results: a suite's folder of results or its URI, or several.
        sql: one statement, in DuckDB's SQL: `SELECT method, avg(fid) FROM runs GROUP BY method`.
        variants: "suite" for the runs that each suite stands for as it was last run, "all" for all others too.

    Raises:
        ArgumentError: if the statement is wrong; it says what DuckDB says, and the tables.
        BenchError: if there are no results at a path.
    """
    import duckdb

    read = read_all(results)
    connection = duckdb.connect()
    try:
        for name, table in TABLES.items():
            if name in sql.casefold():
                connection.register(name, name_results({path: table(own, variants) for path, own in read.items()}))
        return _execute(connection, sql)
    finally:
        connection.close()


def _execute(connection: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    import duckdb

    try:
        found: pd.DataFrame = connection.execute(sql).df()
    except duckdb.Error as error:
        reason = str(error).strip()
        raise ArgumentError(
            f"query: {reason}\ntables: {', '.join(TABLES)}; their columns: `bench list columns`"
        ) from None
    return found


__all__ = ["TABLES", "query"]
