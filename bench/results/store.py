"""The folder of one suite's results: every path and name in it, and one run's files, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bench.errors import BenchError
from bench.identity import REFERENCE_PREFIX
from bench.results.files import DamagedFileError, Folder, StorageError, StoredFile
from bench.results.places import join
from bench.results.record import RunRecord
from bench.results.schema import SCHEMA
from bench.results.temporary import make_temporary_name
from bench.results.weights import Weights, pack_weights, unpack_weights, unreadable

COMPRESSION = "zstd"
RUNS, REFERENCES = "runs", "references"
SUITE = "suite.yaml"
_CHECKPOINTS, _ATTEMPTS = "checkpoints", "attempts"
_RECORD, _WEIGHTS = ".parquet", ".safetensors"


class MissingRecordError(BenchError):
    """A run without a record."""


class RunStore:
    """`results/<suite>/`.

    Args:
        root: the suite's folder, or its URI in an object store; it is made when the first file is written.

    Raises:
        StorageError: if the path is a file, or lies below one.
    """

    def __init__(self, root: str | Path) -> None:
        self.folder = Folder(root)
        self._copies: TemporaryDirectory[str] | None = None

    @classmethod
    def within(cls, results: str | Path, suite: str) -> RunStore:
        """The folder of a suite in a folder of all results."""
        return cls(join(results, suite))

    @property
    def location(self) -> str:
        """Where it is, for people and for other processes."""
        return self.folder.path()

    @property
    def name(self) -> str:
        """The last part of its path: the suite's name."""
        return self.folder.name

    @property
    def report(self) -> Path:
        """Where its report goes if nobody says otherwise: beside the results; of those in an object store, here."""
        root = self.folder.root
        return Path(f"{self.name}-report").absolute() if root is None else root / "report"

    def write(self, record: RunRecord) -> None:
        """Put a run's files in place: its weights first, so that whoever finds a run finds them too.

        Raises:
            StorageError: if they cannot be written.
        """
        if record.weights is not None:
            self.folder.write(_file(record.run_id, _WEIGHTS), pack_weights(record.weights, record.run_id))
        self._write_table(record.to_table(), record.run_id)

    def record(self, run_id: str) -> RunRecord:
        """One run's record, without its weights.

        Raises:
            MissingRecordError: if it has none.
            StorageError: if its file cannot be read.
        """
        return RunRecord.from_table(self._read_table(run_id))

    def weights(self, run_id: str) -> Weights:
        """One run's kept weights.

        Raises:
            WeightsError: if there are none, or their file cannot be read.
        """
        name = _file(run_id, _WEIGHTS)
        try:
            content = self.folder.read(name)
        except (OSError, StorageError) as error:
            raise unreadable(self.folder.path(name), error) from error
        return unpack_weights(content, self.folder.path(name))

    def remove(self, run_id: str) -> None:
        """Forget a run, so that it is run again."""
        self.folder.remove(_file(run_id, _WEIGHTS))  # first: weights without a record would never be missed
        self.folder.remove(_file(run_id, _RECORD))

    def relabel(self, run_id: str, labels: dict[str, str]) -> None:
        """Give a finished run the labels that it has in the suite now; its figures stay as they are."""
        with self.folder.locked():
            table = self._read_table(run_id)
            for name, label in labels.items():
                column = pa.array([label], pa.string())
                table = table.set_column(SCHEMA.get_field_index(name), SCHEMA.field(name), column)
            self._write_table(table, run_id)

    def amend(self, run_id: str, change: Callable[[RunRecord], RunRecord]) -> RunRecord:
        """Change a record as it is now, whoever else changes it at the same time.

        Args:
            run_id: the run.
            change: from the record to the new one, which must not take long.

        Raises:
            MissingRecordError: if it has none.
            StorageError: if its file cannot be read or written.
        """
        with self.folder.locked():
            record = change(self.record(run_id))
            self._write_table(record.to_table(), run_id)
        return record

    def finished(self, among: Collection[str] | None = None) -> frozenset[str]:
        """Ids of the runs and reference rows that have a file.

        Args:
            among: the ones to look for; all by default, which takes time in proportion to the store's size.
        """
        if among is not None:
            return frozenset(run_id for run_id in among if self.folder.exists(_file(run_id, _RECORD)))
        return frozenset(run_id for kind in (RUNS, REFERENCES) for run_id in _ids(self.folder, kind, _RECORD))

    def with_weights(self) -> frozenset[str]:
        """Ids of the runs whose weights are kept."""
        return frozenset(_ids(self.folder, RUNS, _WEIGHTS))

    def checkpoint(self, cohort_id: str) -> StoredFile:
        """The checkpoint of a cohort."""
        return StoredFile(self.folder, f"{_CHECKPOINTS}/{cohort_id}.pt")

    def with_checkpoint(self) -> frozenset[str]:
        """Ids of the cohorts that were broken off and have a checkpoint."""
        return frozenset(_ids(self.folder, _CHECKPOINTS, ".pt"))

    def attempts(self, cohort_id: str) -> StoredFile:
        """The file that counts how often a cohort was begun: it outlives the process."""
        return StoredFile(self.folder, f"{_ATTEMPTS}/{cohort_id}")

    def require_writable(self) -> None:
        """Make sure that records can be written, before hours of work go into them.

        Raises:
            StorageError: if they cannot.
        """
        probe = StoredFile(self.folder, f"{RUNS}/.writable")
        probe.write(b"")
        probe.remove()

    def probe(self) -> StoredFile:
        """A file of this process by which another one can tell that it sees the same folder."""
        return StoredFile(self.folder, make_temporary_name("probe"))

    def tidy(self) -> None:
        """Remove what only a running launch needs, where nothing unfinished is left in it."""
        for name in (_CHECKPOINTS, _ATTEMPTS):
            self.folder.remove_if_empty(name)

    def sweep(self) -> None:
        """Delete temporary files that killed or failed commands left."""
        self.folder.sweep("", RUNS, REFERENCES, _CHECKPOINTS, _ATTEMPTS)

    def write_suite(self, text: str) -> None:
        """Keep the resolved suite; written only where it is another one than before."""
        content = text.encode()
        if StoredFile(self.folder, SUITE).read() != content:
            self.folder.write(SUITE, content)

    def suite(self) -> dict[str, Any]:
        """The resolved suite as plain values; its name alone where there is no such file.

        Raises:
            StorageError: if the file is not YAML.
        """
        content = StoredFile(self.folder, SUITE).read()
        try:
            values = None if content is None else YAML(typ="safe", pure=True).load(content)
        except YAMLError as error:
            raise StorageError(
                f"{self.folder.path(SUITE)}: not readable ({error}); delete it: `bench run` makes it again"
            ) from error
        return values if isinstance(values, dict) else {"name": self.name}

    @property
    def suite_file(self) -> Path | None:
        """The resolved suite, if there is one; of one in an object store a copy, which lasts as long as this object."""
        root = self.folder.root
        if root is not None:
            return root / SUITE if self.folder.exists(SUITE) else None
        content = StoredFile(self.folder, SUITE).read()
        if content is None:
            return None
        if self._copies is None:
            self._copies = TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
        copy = Path(self._copies.name) / SUITE
        copy.write_bytes(content)
        return copy

    def _write_table(self, table: pa.Table, run_id: str) -> None:
        with self.folder.writing(_file(run_id, _RECORD)) as stream:
            pq.write_table(table, stream, compression=COMPRESSION)

    def _read_table(self, run_id: str) -> pa.Table:
        name = _file(run_id, _RECORD)
        if not self.folder.exists(name):
            raise MissingRecordError(
                f"{self.folder.path(name)}: there is no such result any more; has another command removed it?"
            )
        return read_record(self.folder, name)


def read_record(folder: Folder, name: str, *, columns: tuple[str, ...] | None = None) -> pa.Table:
    """One run's file as a table of one row; columns that its version did not have yet are null.

    Args:
        folder: the store's.
        name: the file.
        columns: of `SCHEMA`, all by default.

    Raises:
        StorageError: if it cannot be read, is no run's file, or is called otherwise than its run.
    """
    schema = SCHEMA if columns is None else pa.schema([SCHEMA.field(column) for column in columns])
    path, content = folder.path(name), None
    try:
        content = folder.read(name)
        table = pq.ParquetFile(pa.BufferReader(content)).read(columns=None if columns is None else [*columns])
        for field in schema:
            if field.nullable and field.name not in table.column_names:
                table = table.append_column(field, pa.nulls(len(table), field.type))
        table = table.select(schema.names).cast(schema)
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        reason = "an empty file" if content == b"" else str(error).partition("\n")[0]
        raise DamagedFileError(
            f"{path}: not a readable result ({reason}); delete it and run the suite again"
        ) from error
    if len(table) != 1:
        raise StorageError(f"{path}: found {len(table)} rows; expected the one row of a run; move it elsewhere")
    run_id = table["run_id"][0].as_py()
    if name != _file(run_id, _RECORD):
        raise StorageError(f"{path}: a copy of run {run_id} under another name is no result; delete it")
    return table


def _file(run_id: str, suffix: str) -> str:
    return f"{REFERENCES if run_id.startswith(REFERENCE_PREFIX) else RUNS}/{run_id}{suffix}"


def _ids(folder: Folder, kind: str, suffix: str) -> list[str]:
    return [name.removesuffix(suffix) for name in folder.stamps(kind) or {} if name.endswith(suffix)]
