"""Compact a store: what a snapshot knows goes into one file each for runs, references, curves, samples and columns."""

from __future__ import annotations

import uuid
from collections.abc import Collection

import pyarrow as pa

from bench.column import Columns
from bench.results.bulky import CURVES_FILE, PICTURES_FILE, current_curves, find_uncovered, read_records
from bench.results.compacted import generation_of, merge_pictures, write_compacted
from bench.results.dictionary import write_columns
from bench.results.files import DamagedFileError
from bench.results.frames import PICTURES, finish_frame
from bench.results.journal import remove_journals
from bench.results.rows import Rows
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
    if standalone or not (snapshot.is_compacted and _is_complete(store, snapshot.runs)):
        _write(store, snapshot, columns, standalone=standalone)
    remove_journals(store)


def _write(store: RunStore, snapshot: Snapshot, columns: Columns, *, standalone: bool) -> None:
    runs, generation = snapshot.runs, "" if standalone else uuid.uuid4().hex
    curves, loose = current_curves(store, runs), find_uncovered(store, runs, PICTURES_FILE)
    try:
        _write_pictures(store, runs, loose, generation)
    except DamagedFileError:
        store.folder.remove(PICTURES_FILE)
        _write_pictures(store, runs, runs.files, generation)
    write_compacted(store.folder, CURVES_FILE, curves, {}, generation)
    for kind, rows in ((REFERENCES, snapshot.references), (RUNS, runs)):  # runs last: they vouch for the others
        if kind == RUNS or len(rows.frame) or rows.generation is not None:
            table = pa.Table.from_pandas(finish_frame(rows.frame, columns), preserve_index=False)
            write_compacted(store.folder, f"{kind}.parquet", table, {} if standalone else rows.files, generation)


def _is_complete(store: RunStore, runs: Rows) -> bool:
    """Whether curves and pictures are of the compaction that the rows are of."""
    return all(generation_of(store.folder, name) == runs.generation for name in (CURVES_FILE, PICTURES_FILE))


def _write_pictures(store: RunStore, runs: Rows, loose: Collection[str], generation: str) -> None:
    records = read_records(store, runs, loose, PICTURES.names)
    merge_pictures(store.folder, PICTURES_FILE, {*loose, *runs.dropped}, records, generation)
