"""One reading of a store: what a command knows of it. Compacted files serve where nothing is newer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bench.results.compacted import Compacted, read_compacted
from bench.results.files import Folder, Stamp, StorageError
from bench.results.frames import from_compacted, joined, wide_frame
from bench.results.schema import BULKY, SCHEMA
from bench.results.store import REFERENCES, RUNS, RunStore, read_record

_THREADS = 4
_SUFFIX = ".parquet"
LIGHT = tuple(name for name in SCHEMA.names if name not in BULKY)


@dataclass(frozen=True)
class Rows:
    """Runs, or reference rows.

    Attributes:
        frame: a row each, in the order dataset, method, seed.
        files: the files that the rows are from, by run id; rows without one are in the compacted file alone.
        new: the records that no compacted file covers.
        dropped: ids of rows of the compacted file that do not hold any more.
        generation: of the compacted file.
        problems: what is wrong with files that are left out, a message each.
    """

    frame: pd.DataFrame
    files: Mapping[str, Stamp] = field(default_factory=dict)
    new: pa.Table = field(default_factory=SCHEMA.empty_table)
    dropped: frozenset[str] = frozenset()
    generation: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def is_compacted(self) -> bool:
        """Whether the compacted file says all that there is to say."""
        return self.generation is not None and not len(self.new) and not self.dropped

    @property
    def statuses(self) -> dict[str, str]:
        """How each run ended, by its id."""
        return dict(zip(self.frame["run_id"], self.frame["status"], strict=True)) if len(self.frame) else {}


@dataclass(frozen=True)
class Snapshot:
    """What is in a store.

    Attributes:
        runs: its runs.
        references: its rows of real data.
    """

    runs: Rows
    references: Rows

    @property
    def finished(self) -> frozenset[str]:
        """Ids of all that has a record."""
        return frozenset(self.runs.statuses.keys() | self.references.statuses.keys())

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with files that are left out."""
        return (*self.runs.problems, *self.references.problems)

    @property
    def is_compacted(self) -> bool:
        """Whether the compacted files say all that there is to say."""
        return self.runs.is_compacted and (self.references.is_compacted or self.references.frame.empty)


def read_snapshot(store: RunStore, *, whole: bool = False) -> Snapshot:
    """Read a store: its compacted files, and every file that they do not cover, once.

    Args:
        store: the store.
        whole: whether to read curves and pictures of what is new too, for a command that will compact.

    Raises:
        StorageError: if there is nothing but a compacted file that cannot be read.
    """
    return Snapshot(*(_read(store.folder, kind, whole=whole) for kind in (RUNS, REFERENCES)))


def has_results(folder: Folder) -> bool:
    """Whether a folder holds results of a suite."""
    return folder.exists(RUNS) or folder.exists(f"{RUNS}{_SUFFIX}")


def _read(folder: Folder, kind: str, *, whole: bool) -> Rows:
    stamps = folder.stamps(kind)
    compacted, complaint = _compacted(folder, kind, alone=stamps is None)
    there = {name.removesuffix(_SUFFIX): stamp for name, stamp in (stamps or {}).items() if name.endswith(_SUFFIX)}
    if stamps is not None and compacted is not None and compacted.files is None:
        compacted = None  # of an earlier version: nothing tells which of its rows still hold
    files = {} if compacted is None else compacted.files or {}
    covered = {run_id: stamp for run_id, stamp in there.items() if files.get(run_id) == stamp}
    new, problems = _open(
        folder, [f"{kind}/{run_id}{_SUFFIX}" for run_id in sorted(there.keys() - covered)], whole=whole
    )
    taken = set(new["run_id"].to_pylist())
    ids = [] if compacted is None else compacted.ids
    gone = set() if stamps is None else {run_id for run_id in ids if run_id in files and run_id not in covered}
    dropped = frozenset(gone | (taken & set(ids)))
    return Rows(
        frame=_frame(compacted, dropped, new),
        files={**(files if stamps is None else covered), **{run_id: there[run_id] for run_id in taken}},
        new=new,
        dropped=dropped,
        generation=None if compacted is None else compacted.generation,
        problems=(*complaint, *problems),
    )


def _compacted(folder: Folder, kind: str, *, alone: bool) -> tuple[Compacted | None, tuple[str, ...]]:
    """The compacted file; where it cannot be read but the runs' own files are there, these serve."""
    try:
        return read_compacted(folder, f"{kind}{_SUFFIX}"), ()
    except StorageError as error:
        if alone:
            raise
        return None, (str(error),)


def _open(folder: Folder, names: list[str], *, whole: bool) -> tuple[pa.Table, list[str]]:
    """The records in some files in one table, and what is wrong with the rest."""
    read = partial(_try_record, folder, columns=None if whole else LIGHT)
    if len(names) <= _THREADS:
        found = [read(name) for name in names]
    else:
        with ThreadPoolExecutor(_THREADS) as pool:
            found = list(pool.map(read, names, chunksize=64))
    tables = [entry for entry in found if isinstance(entry, pa.Table)]
    problems = [entry for entry in found if isinstance(entry, str)]
    empty = SCHEMA.empty_table().select([*(SCHEMA.names if whole else LIGHT)])
    return pa.concat_tables([empty, *tables]).combine_chunks(), problems


def _try_record(folder: Folder, name: str, *, columns: tuple[str, ...] | None) -> pa.Table | str:
    try:
        return read_record(folder, name, columns=columns)
    except StorageError as error:
        return str(error)


def _frame(compacted: Compacted | None, dropped: Iterable[str], new: pa.Table) -> pd.DataFrame:
    parts = []
    if compacted is not None:
        out = pa.array(sorted(dropped), pa.string())
        table = compacted.table
        kept = table.filter(pc.invert(pc.is_in(table["run_id"].cast(pa.string()), out))) if len(out) else table
        parts.append(from_compacted(kept))
    if len(new) or compacted is None:
        parts.append(wide_frame(new))
    return joined(parts)
