"""Journals: what a launch has recorded so far, in one file.

While a suite runs for the first time no compacted file covers what is there, and opening ten thousand records to tell
how they ended takes long. A journal is a cache: a row of it holds as long as the record's file is the one it was
written for, and compaction, which says more, removes it. Losing it costs time and nothing else.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.identity import REFERENCE_PREFIX, SETTINGS_ID, variant_of
from bench.results.files import Stamp, StorageError
from bench.results.record import RunRecord
from bench.results.schema import SCHEMA
from bench.results.store import REFERENCES, RUNS, RunStore

_FROM_RECORD = (
    *("run_id", "dataset", "method", "seed", "status", "error"),
    *("cohort_size", "started_at", "train_seconds", "eval_seconds"),
)
ENDED = pa.schema([*(SCHEMA.field(name) for name in _FROM_RECORD), pa.field(SETTINGS_ID, pa.string())])
"""What is to be known of a run to tell how a suite is getting on."""
_JOURNAL = pa.schema([*ENDED, pa.field("size", pa.int64()), pa.field("mtime_ns", pa.int64())])
_INTERVAL = 3.0  # seconds between two versions of a journal, at the least
_SHARE = 0.02  # of the time that may go into writing it
_LONGEST_REASON = 300
_SINGLY = 32  # files that are looked at one by one, rather than all in the folder


class Journal:
    """The journal of one launch; what cannot be written of it is left out.

    Args:
        store: the suite's results.
        launch_id: what tells this launch from others.
        clock: seconds since some moment.
    """

    def __init__(self, store: RunStore, launch_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._file = store.journal(launch_id)
        self._clock = clock
        self._rows: dict[str, dict[str, Any]] = {}
        self._new: list[str] = []
        self._next = clock()

    def add(self, record: RunRecord) -> None:
        """Take in a record that is in place; the file follows at intervals."""
        row = {name: getattr(record, name) for name in _FROM_RECORD}
        row |= {"error": last_line(record.error), SETTINGS_ID: variant_of(record.config)}
        self._rows[record.run_id] = row
        self._new.append(record.run_id)
        if self._clock() >= self._next:
            self.write()

    def write(self) -> None:
        """Write all that is known."""
        began = self._clock()
        with suppress(StorageError):
            self._stamp()
            buffer = io.BytesIO()
            pq.write_table(pa.Table.from_pylist([*self._rows.values()], schema=_JOURNAL), buffer, compression="zstd")
            self._file.write(buffer.getvalue())
        self._next = self._clock() + max(_INTERVAL, (self._clock() - began) / _SHARE)

    def _stamp(self) -> None:
        """Note which version of its file each new row is from."""
        names = {run_id: _kind(run_id) for run_id in self._new}
        folder = self._store.folder
        listed = {kind: folder.stamps(kind) or {} for kind in set(names.values())} if len(names) > _SINGLY else None
        for run_id, kind in names.items():
            name = f"{run_id}.parquet"
            stamp = folder.stamp(f"{kind}/{name}") if listed is None else listed[kind].get(name)
            self._rows[run_id] |= {} if stamp is None else stamp._asdict()
        self._new.clear()


def read_journals(store: RunStore) -> Iterator[tuple[pa.Table, dict[str, Stamp]]]:
    """The rows of each journal, with the schema `ENDED`, and which version of a file each is from, by run id."""
    for file in store.journals():
        content = file.read()
        try:
            table = pq.ParquetFile(pa.BufferReader(content or b"")).read().select(_JOURNAL.names).cast(_JOURNAL)
        except (pa.ArrowException, OSError, KeyError, ValueError):
            continue
        stamped = zip(*(table[name].to_pylist() for name in ("run_id", "size", "mtime_ns")), strict=True)
        yield table.select(ENDED.names), {i: Stamp(size, mtime) for i, size, mtime in stamped if size is not None}


def remove_journals(store: RunStore) -> None:
    """Delete all journals, once compacted files say what they do."""
    with suppress(StorageError):
        for file in store.journals():
            file.remove()
        store.tidy()


def last_line(text: str | None) -> str | None:
    """The last line of a reason: of a traceback, the error itself."""
    lines = (text or "").strip().splitlines()
    return lines[-1].strip()[:_LONGEST_REASON] if lines else None


def _kind(run_id: str) -> str:
    return REFERENCES if run_id.startswith(REFERENCE_PREFIX) else RUNS
