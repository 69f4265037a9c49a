"""Compact a store: what a snapshot knows goes into one file each for runs, references, curves, samples and columns."""

from __future__ import annotations

import uuid

import pyarrow as pa

from bench.column import Columns
from bench.results.bulky import CURVES_FILE, PICTURES_FILE, current_curves, records_of, uncovered
from bench.results.compacted import merge_pictures, write_compacted
from bench.results.dictionary import write_columns
from bench.results.frames import PICTURES, finish_frame
from bench.results.snapshot import Snapshot
from bench.results.store import REFERENCES, RUNS, RunStore


def compact(store: RunStore, snapshot: Snapshot, declared: Columns, *, standalone: bool = False) -> None:
    """Write what is new into the compacted files; nothing is written where they say all already.

    Args:
        store: the store.
        snapshot: a reading of it.
        declared: the columns that are declared here; those that are known from before stay beside them.
        standalone: whether the compacted files are to hold by themselves, as if there were no files of single runs.

    Raises:
        StorageError: if they cannot be written.
    """
    columns = write_columns(store, declared)
    if snapshot.is_compacted and not standalone:
        return
    runs, generation = snapshot.runs, "" if standalone else uuid.uuid4().hex
    curves, loose = current_curves(store, runs), uncovered(store, runs, PICTURES_FILE)
    pictures = records_of(store, runs, loose, PICTURES.names)
    merge_pictures(store.folder, PICTURES_FILE, loose | runs.dropped, pictures, generation)
    write_compacted(store.folder, CURVES_FILE, curves, {}, generation)
    for kind, rows in ((REFERENCES, snapshot.references), (RUNS, runs)):  # runs last: they vouch for the others
        if kind == RUNS or len(rows.frame) or rows.generation is not None:
            table = pa.Table.from_pandas(finish_frame(rows.frame, columns), preserve_index=False)
            write_compacted(store.folder, f"{kind}.parquet", table, {} if standalone else rows.files, generation)
