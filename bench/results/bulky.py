"""Learning curves and pictures: in compacted files where these hold, else in the runs' own."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bench.results.compacted import generation_of, read_compacted, read_pictures
from bench.results.frames import CURVES, PICTURES, curves_frame, curves_of, pictures_frame
from bench.results.schema import SCHEMA
from bench.results.snapshot import Rows, Snapshot
from bench.results.store import RUNS, RunStore, read_record

CURVES_FILE, PICTURES_FILE = "curves.parquet", "samples.parquet"


def load_curves(store: RunStore, snapshot: Snapshot) -> pd.DataFrame:
    """Learning curves of all runs in long form: run_id, step, metric, value; the texts are categories."""
    return curves_frame(current_curves(store, snapshot.runs))


def load_pictures(store: RunStore, snapshot: Snapshot, run_ids: Collection[str]) -> pd.DataFrame:
    """Samples and reference data of some runs, as arrays: run_id, samples, reference."""
    wanted = set(run_ids)
    loose = uncovered(store, snapshot.runs, PICTURES_FILE) & wanted
    covered = read_pictures(store.folder, PICTURES_FILE, wanted - loose)
    own = records_of(store, snapshot.runs, loose, PICTURES.names).select(PICTURES.names)
    return pictures_frame(pa.concat_tables([covered, own]))


def current_curves(store: RunStore, runs: Rows) -> pa.Table:
    """Learning curves of all runs, with the schema `CURVES`."""
    loose = uncovered(store, runs, CURVES_FILE)
    compacted = read_compacted(store.folder, CURVES_FILE, text_columns=("run_id", "metric"))
    old = CURVES.empty_table() if compacted is None else compacted.table.select(CURVES.names).cast(CURVES)
    own = curves_of(records_of(store, runs, loose, ("run_id", "curves")))
    return pa.concat_tables([without(old, loose | runs.dropped), own]).unify_dictionaries().combine_chunks()


def uncovered(store: RunStore, runs: Rows, name: str) -> frozenset[str]:
    """Ids of the runs whose part of a compacted file does not hold, but that have a file of their own."""
    if generation_of(store.folder, name) == runs.generation:
        return frozenset(runs.new["run_id"].to_pylist())
    return frozenset(runs.files)


def records_of(store: RunStore, runs: Rows, ids: Collection[str], columns: Collection[str]) -> pa.Table:
    """Columns of the records of some runs; what the snapshot has read already is not read again."""
    have = runs.new if set(columns) <= set(runs.new.column_names) else runs.new.slice(0, 0)
    known = set(have["run_id"].to_pylist()) & set(ids)
    parts = [have.filter(pc.is_in(have["run_id"], pa.array(sorted(known), pa.string())))] if known else []
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    names = [f"{RUNS}/{run_id}.parquet" for run_id in sorted(set(ids) - known)]
    read = [read_record(store.folder, name, columns=tuple(schema.names)) for name in names]
    return pa.concat_tables([schema.empty_table(), *(part.select(schema.names) for part in (*parts, *read))])


def without(table: pa.Table, ids: Collection[str]) -> pa.Table:
    """The rows of all other runs."""
    if not ids:
        return table
    return table.filter(pc.invert(pc.is_in(table["run_id"].cast(pa.string()), pa.array(sorted(ids), pa.string()))))
