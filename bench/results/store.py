"""The folder of one suite's results: one file per run, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import BenchError
from bench.results.record import SCHEMA, RunRecord

COMPRESSION = "zstd"


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
    def checkpoints(self) -> Path:
        """Folder of unfinished cohorts' checkpoints."""
        return self.root / "checkpoints"

    def path(self, run_id: str) -> Path:
        """The file of one run."""
        return self.runs / f"{run_id}.parquet"

    def finished(self) -> frozenset[str]:
        """Ids of the runs that have a record."""
        return frozenset(path.stem for path in self._files())

    def write(self, record: RunRecord) -> None:
        """Put a run's file in place, atomically."""
        write_table(record.to_table(), self.path(record.run_id))

    def remove(self, run_id: str) -> None:
        """Forget a run, so that it is run again."""
        self.path(run_id).unlink(missing_ok=True)

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

    def read(self, columns: Iterable[str] | None = None) -> pa.Table:
        """All runs in one table, a row each, in the order of their ids."""
        wanted = list(columns) if columns is not None else None
        schema = SCHEMA if wanted is None else pa.schema([SCHEMA.field(name) for name in wanted])
        return pa.concat_tables([schema.empty_table(), *(read_run(path, wanted) for path in self._files())])

    def _files(self) -> Iterator[Path]:
        return iter(sorted(p for p in self.runs.glob("*.parquet") if not p.name.startswith(".")))


def read_run(path: Path, columns: list[str] | None = None) -> pa.Table:
    """One run's file.

    Raises:
        BenchError: if it cannot be read, or lacks what this version expects.
    """
    try:
        return pq.ParquetFile(path).read(columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise BenchError(f"{path}: not a readable result ({error}); delete it and run the suite again") from error


def write_table(table: pa.Table, path: Path) -> None:
    """Write a parquet file under a temporary name and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        pq.write_table(table, temporary, compression=COMPRESSION)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
