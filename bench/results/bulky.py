"""Learning curves and pictures: in compacted files where these hold, else in the runs' own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pandas as pd
import pyarrow as pa

from bench.results.compacted import (
    Compacted,
    exclude_runs,
    generation_of,
    read_compacted,
    read_pictures,
    select_runs,
)
from bench.results.files import DamagedFileError
from bench.results.frames import CURVES, PICTURES, curves_frame, curves_of, pictures_frame
from bench.results.rows import Rows
from bench.results.schema import SCHEMA
from bench.results.snapshot import Snapshot
from bench.results.store import RUNS, RunStore, read_record

CURVES_FILE, PICTURES_FILE = "curves.parquet", "samples.parquet"
_AT_ONCE = 64
"""Records that are read at once where they may be more than memory holds."""


def load_curves(store: RunStore, snapshot: Snapshot) -> pd.DataFrame:
    """Learning curves of all runs in long form: run_id, step, metric, value; the texts are categories."""
    return curves_frame(current_curves(store, snapshot.runs))


def load_pictures(store: RunStore, snapshot: Snapshot, run_ids: Collection[str]) -> pd.DataFrame:
    """Samples and reference data of some runs, as arrays: run_id, samples, reference."""
    wanted = frozenset(run_ids)
    loose = wanted & find_uncovered(store, snapshot.runs, PICTURES_FILE)
    try:
        covered = read_pictures(store.folder, PICTURES_FILE, wanted - loose)
    except DamagedFileError:
        loose, covered = wanted & snapshot.runs.files.keys(), PICTURES.empty_table()
    own = read_records(store, snapshot.runs, loose, PICTURES.names)
    return pictures_frame(pa.concat_tables([covered, *own]))


def current_curves(store: RunStore, runs: Rows) -> pa.Table:
    """Learning curves of all runs, with the schema `CURVES`."""
    loose = find_uncovered(store, runs, CURVES_FILE)
    compacted: Compacted | None
    try:
        compacted = read_compacted(store.folder, CURVES_FILE, text_columns=("run_id", "metric"))
    except DamagedFileError:
        compacted, loose = None, frozenset(runs.files)
    old = CURVES.empty_table() if compacted is None else compacted.table.select(CURVES.names).cast(CURVES)
    own = [curves_of(records) for records in read_records(store, runs, loose, ("run_id", "curves"))]
    return pa.concat_tables([exclude_runs(old, loose | runs.dropped), *own]).unify_dictionaries().combine_chunks()


def find_uncovered(store: RunStore, runs: Rows, name: str) -> frozenset[str]:
    """Ids of the runs whose part of a compacted file does not hold, but that have a file of their own."""
    if generation_of(store.folder, name) == runs.generation:
        return frozenset(runs.new["run_id"].to_pylist())
    return frozenset(runs.files)


def read_records(store: RunStore, runs: Rows, ids: Collection[str], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Columns of the records of some runs, a few at a time; what the snapshot has read already is not read again."""
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    known: set[str] = set()
    if set(columns) <= set(runs.new.column_names):
        mine = select_runs(runs.new, ids).select(schema.names)
        known = set(mine["run_id"].to_pylist())
        yield from (mine.slice(start, _AT_ONCE) for start in range(0, len(mine), _AT_ONCE))
    rest = sorted(set(ids) - known)
    for start in range(0, len(rest), _AT_ONCE):
        names = (f"{RUNS}/{run_id}.parquet" for run_id in rest[start : start + _AT_ONCE])
        yield pa.concat_tables([read_record(store.folder, name, columns=tuple(schema.names)) for name in names])
