"""Rows that were replaced: kept in small files, so that what came after can be compared with what was there before.

A record is one file by its run's id, and a run that is done again replaces it. Before a command does that, it keeps the
rows that it is about to replace in `history/<time>.parquet`. Rows of other protocol versions have other ids and stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench.identity import SETTINGS_ID
from bench.results.files import StorageError
from bench.results.frames import from_compacted
from bench.results.store import COMPRESSION, RunStore

FOLDER = "history"
_SUFFIX = ".parquet"
_RECORDED = ["run_id", "started_at", "evaluated_later"]
"""What tells a record of a run from an earlier one."""
_SEEDS = [SETTINGS_ID, "seed"]


def keep_history(store: RunStore, runs: pd.DataFrame, run_ids: Collection[str]) -> None:
    """Keep the rows of runs that are about to be replaced; nothing is written where there are none.

    Args:
        store: the suite's results.
        runs: all rows, as a snapshot has them.
        run_ids: ids of those to keep.

    Raises:
        StorageError: if they cannot be written.
    """
    rows = runs[runs["run_id"].isin(set(run_ids))]
    if rows.empty:
        return
    name = f"{FOLDER}/{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}{_SUFFIX}"
    with store.folder.writing(name) as stream:
        # a column that only other rows have would make this run's measurement look like another one
        table = pa.Table.from_pandas(rows.dropna(axis="columns", how="all"), preserve_index=False)
        pq.write_table(table, stream, compression=COMPRESSION)


def earlier_rows(store: RunStore, runs: pd.DataFrame, present: pd.DataFrame) -> pd.DataFrame:
    """The latest row recorded before the present ones, of each settings and seed: replaced by one, or of another id.

    Rows have other ids where they were measured by other protocols or are of settings that the suite had before.

    Args:
        store: the suite's results.
        runs: all rows of the store.
        present: those that the suite stands for now.
    """
    kept = [rows.assign(_order=name) for name, rows in _read(store)]
    others = runs[~runs["run_id"].isin(set(present["run_id"]))]
    times = others["started_at"].map(lambda time: f"{time:%Y%m%dT%H%M%S%fZ}")
    frames = [frame for frame in (others.assign(_order=times), *kept) if len(frame)]
    if not frames:
        return runs.iloc[:0]
    found = pd.concat(frames, ignore_index=True)
    found = found[~_identify(found).isin(set(_identify(present)))]
    latest = found.sort_values("_order", kind="stable").drop_duplicates(_SEEDS, keep="last")
    return latest.drop(columns="_order").reset_index(drop=True)


def _read(store: RunStore) -> Iterator[tuple[str, pd.DataFrame]]:
    """The kept rows, oldest first, by the time they were replaced; files that cannot be read are left out."""
    for name in sorted(store.folder.stamps(FOLDER) or {}):
        if not name.endswith(_SUFFIX):
            continue
        try:
            table = pq.ParquetFile(pa.BufferReader(store.folder.read(f"{FOLDER}/{name}"))).read()
            frame = from_compacted(table)
        except (pa.ArrowException, OSError, StorageError):
            continue
        yield name.removesuffix(_SUFFIX), frame


def _identify(rows: pd.DataFrame) -> pd.Series[str]:
    """One text for each record."""
    parts = [rows[name].astype(str) for name in _RECORDED if name in rows.columns]
    return pd.Series(["|".join(texts) for texts in zip(*parts, strict=True)], index=rows.index, dtype=object)


__all__ = ["earlier_rows", "keep_history"]
