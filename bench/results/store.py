"""The folder of one suite's results: one file per run, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import BenchError
from bench.identity import REFERENCE_PREFIX
from bench.results.record import SCHEMA, RunRecord
from bench.results.weights import Weights, read_weights, write_weights

COMPRESSION = "zstd"


class MissingRecordError(BenchError):
    """A run without a record."""


class RunStore:
    """`results/<suite>/`.

    Args:
        root: the suite's folder; it is made when the first file is written.

    Raises:
        BenchError: if the path exists and is not a folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        if self.root.exists() and not self.root.is_dir():
            raise BenchError(f"{self.root}: found a file; expected a folder for results; choose another --out")

    @property
    def runs(self) -> Path:
        """Folder of the runs' files."""
        return self.root / "runs"

    @property
    def references(self) -> Path:
        """Folder of the files of reference rows."""
        return self.root / "references"

    @property
    def checkpoints(self) -> Path:
        """Folder of unfinished cohorts' checkpoints."""
        return self.root / "checkpoints"

    def path(self, run_id: str) -> Path:
        """The file of one run or reference row."""
        folder = self.references if run_id.startswith(REFERENCE_PREFIX) else self.runs
        return folder / f"{run_id}.parquet"

    def weights_path(self, run_id: str) -> Path:
        """The file of one run's weights, where they are kept: beside the run's own."""
        return self.path(run_id).with_suffix(".safetensors")

    def with_weights(self) -> frozenset[str]:
        """Ids of the runs whose weights are kept."""
        return frozenset(path.stem for path in self.runs.glob("*.safetensors") if not path.name.startswith("."))

    def finished(self) -> frozenset[str]:
        """Ids of the runs and reference rows that have a record."""
        return frozenset(path.stem for folder in (self.runs, self.references) for path in _files(folder))

    def write(self, record: RunRecord) -> None:
        """Put a run's files in place, atomically: its weights first, so that whoever finds a run finds them too."""
        if record.weights is not None:
            write_weights(record.weights, self.weights_path(record.run_id), record.run_id)
        write_table(record.to_table(), self.path(record.run_id))

    def record(self, run_id: str) -> RunRecord:
        """One run's record, without its weights.

        Raises:
            MissingRecordError: if it has none.
            BenchError: if its file cannot be read.
        """
        path = self.path(run_id)
        if not path.exists():
            raise MissingRecordError(f"{path}: there is no such result any more; has another command removed it?")
        return RunRecord.from_table(read_run(path))

    def weights(self, run_id: str) -> Weights:
        """One run's kept weights.

        Raises:
            WeightsError: if there are none, or their file cannot be read.
        """
        return read_weights(self.weights_path(run_id))

    def remove(self, run_id: str) -> None:
        """Forget a run, so that it is run again."""
        self.path(run_id).unlink(missing_ok=True)
        self.weights_path(run_id).unlink(missing_ok=True)

    def relabel(self, run_id: str, *, suite: str, method: str, dataset: str) -> None:
        """Give a finished run the labels it has in the suite now; its figures stay as they are."""
        table = read_run(self.path(run_id))
        labels = {"suite": suite, "method": method, "dataset": dataset}
        if all(table.column(name)[0].as_py() == label for name, label in labels.items()):
            return
        for name, label in labels.items():
            table = table.set_column(SCHEMA.get_field_index(name), SCHEMA.field(name), pa.array([label], pa.string()))
        write_table(table, self.path(run_id))

    def tidy(self) -> None:
        """Remove what only a running launch needs, where nothing unfinished is left in it."""
        with suppress(OSError):  # not there, or not empty
            self.checkpoints.rmdir()

    def read(self, columns: Iterable[str] | None = None, *, references: bool = False) -> pa.Table:
        """All runs, or all reference rows, in one table, a row each, in the order of their ids."""
        wanted = list(columns) if columns is not None else None
        folder = self.references if references else self.runs
        return pa.concat_tables([_schema(wanted).empty_table(), *(read_run(path, wanted) for path in _files(folder))])


def read_run(path: Path, columns: list[str] | None = None) -> pa.Table:
    """One run's file; columns that its version did not have yet are null.

    Raises:
        BenchError: if it cannot be read, or lacks what this version expects.
    """
    schema = _schema(columns)
    try:
        table = pq.ParquetFile(path).read(columns=columns)
        for field in schema:
            if field.nullable and field.name not in table.column_names:
                table = table.append_column(field, pa.nulls(len(table), field.type))
        return table.select(schema.names)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise BenchError(f"{path}: not a readable result ({error}); delete it and run the suite again") from error


def _schema(columns: list[str] | None) -> pa.Schema:
    return SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith("."))


def write_table(table: pa.Table, path: Path) -> None:
    """Write a parquet file under a temporary name and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        pq.write_table(table, temporary, compression=COMPRESSION)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
