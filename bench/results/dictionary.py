"""The data dictionary of a store: what is declared of its columns, beside its rows."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench.column import Column, Columns
from bench.results.files import StorageError
from bench.results.store import COMPRESSION, RunStore

FILE = "columns.parquet"


def read_columns(store: RunStore) -> Columns:
    """The declarations that are kept in a store; none where there is no file, or one that cannot be read."""
    if not store.folder.exists(FILE):
        return Columns()
    try:
        rows = pq.ParquetFile(pa.BufferReader(store.folder.read(FILE))).read().to_pylist()
        return Columns.of(Column.from_row(row) for row in rows)
    except (pa.ArrowException, OSError, StorageError, TypeError, KeyError, ValueError):
        return Columns()


def write_columns(store: RunStore, declared: Columns) -> Columns:
    """Keep declarations in a store, over those of columns that are not declared here any more, such as a plugin's.

    Returns:
        All that the store has now.

    Raises:
        StorageError: if they cannot be written.
    """
    before = read_columns(store)
    after = Columns.of([*(c for c in before.values() if c.name not in declared), *declared.values()])
    if after != before:
        with store.folder.writing(FILE) as stream:
            pq.write_table(pa.Table.from_pandas(columns_frame(after)), stream, compression=COMPRESSION)
    return after


def columns_frame(columns: Columns) -> pd.DataFrame:
    """The data dictionary as a frame: a row per column, as `Column.as_row` gives it."""
    return pd.DataFrame([column.as_row() for column in columns.values()])
