"""One reading of a store: what a command knows of it. Compacted files serve where nothing is newer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bench.results.compacted import Compacted, read_compacted
from bench.results.files import DamagedFileError, Folder, Stamp, StorageError
from bench.results.frames import from_compacted, joined, wide_frame
from bench.results.rows import Rows
from bench.results.schema import BULKY, SCHEMA
from bench.results.store import REFERENCES, RUNS, RunStore, read_record

WHOLE_BYTES = 256 * 2**20
_THREADS = 4
_SUFFIX = ".parquet"
LIGHT = tuple(name for name in SCHEMA.names if name not in BULKY)


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
    def unreadable(self) -> frozenset[str]:
        """Ids of runs and reference rows whose file holds no result that can be read."""
        return self.runs.unreadable | self.references.unreadable

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with files that are left out."""
        return (*self.runs.problems, *self.references.problems)

    @property
    def is_compacted(self) -> bool:
        """Whether the compacted files say all that there is to say."""
        return self.runs.is_compacted and self.references.is_compacted

    def drop(self, run_ids: Collection[str]) -> Snapshot:
        """What is in the store once some runs and reference rows have been removed."""
        return Snapshot(self.runs.drop(run_ids), self.references.drop(run_ids))


def read_snapshot(store: RunStore, *, whole: bool = False) -> Snapshot:
    """Read a store: its compacted files, and every file that they do not cover, once.

    Args:
        store: the store.
        whole: whether to read curves and pictures of what is new too, for a command that will compact; where that would
            be more than `WHOLE_BYTES`, compaction reads them by and by.

    Raises:
        StorageError: if there is nothing but a compacted file that cannot be read.
    """
    return Snapshot(*(_read(store.folder, kind, whole=whole) for kind in (RUNS, REFERENCES)))


def has_results(folder: Folder, within: str = "") -> bool:
    """Whether a folder holds results of a suite.

    Args:
        folder: the folder.
        within: a folder in it, with a slash behind, to look at instead.
    """
    return folder.exists(f"{within}{RUNS}") or folder.exists(f"{within}{RUNS}{_SUFFIX}")


@dataclass(frozen=True)
class Survey:
    """The files of one kind in a store, and how far the compacted one covers them.

    Attributes:
        compacted: the compacted file; None where there is none that holds.
        covered: the files that its rows are from.
        uncovered: the others.
        gone: ids of its rows whose files have gone.
        is_bare: whether it names files that have gone all together: its rows stand by themselves.
        problems: what is wrong with it.
    """

    compacted: Compacted | None
    covered: Mapping[str, Stamp]
    uncovered: Mapping[str, Stamp]
    gone: frozenset[str]
    is_bare: bool
    problems: tuple[str, ...]


def survey(folder: Folder, kind: str, *, columns: Collection[str] | None = None) -> Survey:
    """Hold the files of one kind against the compacted one; no record is opened.

    Args:
        folder: the store's.
        kind: runs or references.
        columns: those of the compacted file to read; all by default.

    Raises:
        StorageError: if there is nothing but a compacted file that cannot be read.
    """
    stamps = folder.stamps(kind)
    compacted, complaint = _compacted(folder, kind, columns, alone=not stamps)
    if stamps is None:
        is_bare = compacted is not None and compacted.names_files
        return Survey(compacted, {}, {}, frozenset(), is_bare, complaint)
    there = {name.removesuffix(_SUFFIX): stamp for name, stamp in stamps.items() if name.endswith(_SUFFIX)}
    if there and compacted is not None and compacted.files is None:
        compacted = None  # of an earlier version: nothing tells which of its rows still hold
    ids = set() if compacted is None else set(compacted.ids)
    named = {} if compacted is None else {i: stamp for i, stamp in (compacted.files or {}).items() if i in ids}
    is_bare = len(named) > 1 and not there  # one alone was deleted to be run again
    covered = {run_id: stamp for run_id, stamp in there.items() if named.get(run_id) == stamp}
    uncovered = {run_id: there[run_id] for run_id in sorted(there.keys() - covered)}
    gone = frozenset() if is_bare else frozenset(named.keys() - covered)
    return Survey(compacted, covered, uncovered, gone, is_bare, complaint)


def open_records(
    folder: Folder, kind: str, ids: Collection[str], columns: tuple[str, ...] | None
) -> tuple[pa.Table, list[str]]:
    """The records in some files in one table, and what is wrong with the rest.

    Args:
        folder: the store's.
        kind: runs or references.
        ids: of the runs.
        columns: of `SCHEMA`, all by default.
    """
    names = [f"{kind}/{run_id}{_SUFFIX}" for run_id in ids]
    read = partial(_try_record, folder, columns=columns)
    if len(names) <= _THREADS:
        found = [read(name) for name in names]
    else:
        with ThreadPoolExecutor(_THREADS) as pool:
            found = list(pool.map(read, names))
    tables = [entry for entry in found if isinstance(entry, pa.Table)]
    problems = [entry for entry in found if isinstance(entry, str)]
    empty = SCHEMA.empty_table().select([*(SCHEMA.names if columns is None else columns)])
    return pa.concat_tables([empty, *tables]).combine_chunks(), problems


def _read(folder: Folder, kind: str, *, whole: bool) -> Rows:
    found = survey(folder, kind)
    compacted = found.compacted
    whole = whole and sum(stamp.size for stamp in found.uncovered.values()) <= WHOLE_BYTES
    new, problems = open_records(folder, kind, found.uncovered, None if whole else LIGHT)
    taken = set(new["run_id"].to_pylist())
    dropped = found.gone | (taken & (set() if compacted is None else set(compacted.ids)))
    return Rows(
        frame=_frame(compacted, dropped, new),
        files={**found.covered, **{run_id: found.uncovered[run_id] for run_id in taken}},
        new=new,
        dropped=dropped,
        generation=None if compacted is None else compacted.generation,
        unreadable=frozenset(found.uncovered.keys() - taken),
        is_bare=found.is_bare,
        problems=(*found.problems, *problems),
    )


def _compacted(
    folder: Folder, kind: str, columns: Collection[str] | None, *, alone: bool
) -> tuple[Compacted | None, tuple[str, ...]]:
    """The compacted file; where it is damaged but the runs' own files are there, these serve."""
    try:
        return read_compacted(folder, f"{kind}{_SUFFIX}", columns=columns), ()
    except DamagedFileError as error:
        if alone:
            raise
        return None, (f"{error}; `bench run` makes it again",)


def _try_record(folder: Folder, name: str, *, columns: tuple[str, ...] | None) -> pa.Table | str | None:
    """One record, what is wrong with its file, or None if another command has removed it meanwhile."""
    try:
        return read_record(folder, name, columns=columns)
    except StorageError as error:
        return str(error) if folder.exists(name) else None


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
