"""Compacted files: runs, references, curves, samples and columns, each in one file that is complete by itself.

A compacted file names the run files that it covers, each with size and time of change, so that a reader opens only
what is newer. Rows without such a name have no file of their own any more, or never had one here: they are kept.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.identity import VARIANT_VERSION
from bench.results.files import DamagedFileError, Folder, Stamp, StorageError
from bench.results.frames import PICTURES, VARIANTS

FILES, GENERATION = b"bench.files", b"bench.generation"
_NO_FILES = b"{}"


@dataclass(frozen=True)
class Compacted:
    """One compacted file.

    Attributes:
        table: its rows.
    """

    table: pa.Table

    @cached_property
    def files(self) -> Mapping[str, Stamp] | None:
        """The run files that they are from, by run id; None if it was written before such files were named.

        Read when they are asked for: a hundred thousand names take as long as their rows.
        """
        named = self._about.get(FILES)
        return None if named is None else {run_id: Stamp(*stamp) for run_id, stamp in json.loads(named).items()}

    @property
    def names_files(self) -> bool:
        """Whether it names any run file."""
        return self._about.get(FILES, _NO_FILES) != _NO_FILES

    @property
    def generation(self) -> str:
        """The compaction that it is of; files of one compaction belong together."""
        return _generation(self.table.schema)

    @property
    def ids(self) -> list[str]:
        """Ids of its runs, a row each."""
        names: list[str] = self.table["run_id"].to_pylist()
        return names

    @property
    def _about(self) -> Mapping[bytes, bytes]:
        return self.table.schema.metadata or {}


def read_compacted(
    folder: Folder, name: str, *, text_columns: Collection[str] = (), columns: Collection[str] | None = None
) -> Compacted | None:
    """A compacted file, or None where there is none.

    Args:
        folder: the store's.
        name: the file.
        text_columns: columns to read as categories.
        columns: those to read, as far as they are there; all by default.

    Raises:
        DamagedFileError: if it is not what it should be.
        StorageError: if it may not be read.
    """
    try:
        source = pa.BufferReader(folder.read(name))
        file = pq.ParquetFile(source, read_dictionary=list(text_columns))
        if "run_id" not in file.schema_arrow.names:
            raise KeyError("it has no column run_id")
        table = file.read(columns=None if columns is None else [n for n in file.schema_arrow.names if n in columns])
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError, KeyError) as error:
        raise damaged(folder, name, error) from error
    return Compacted(table)


def generation_of(folder: Folder, name: str) -> str | None:
    """The compaction that a file is of; None where there is none that can be read."""
    try:
        with folder.opened(name) as source:
            return _generation(pq.read_schema(source))
    except (pa.ArrowException, OSError, StorageError):
        return None


def damaged(folder: Folder, name: str, error: Exception) -> DamagedFileError:
    """What is to be said of a file that is not what it should be."""
    return DamagedFileError(f"{folder.path(name)}: not readable ({str(error).partition(chr(10))[0]})")


def write_compacted(folder: Folder, name: str, table: pa.Table, files: Mapping[str, Stamp], generation: str) -> None:
    """Write a compacted file, whole or not at all."""
    content = json.dumps({run_id: [*stamp] for run_id, stamp in files.items()}, separators=(",", ":"))
    about = {FILES: content.encode(), GENERATION: generation.encode(), VARIANTS: str(VARIANT_VERSION).encode()}
    described = table.replace_schema_metadata({**(table.schema.metadata or {}), **about})
    with folder.writing(name) as stream:
        pq.write_table(described, stream, compression="zstd")


def merge_pictures(
    folder: Folder, name: str, dropped: Collection[str], new: Iterable[pa.Table], generation: str
) -> None:
    """Write the pictures of a compacted file without some runs, and those of new records behind them.

    Rows are handed on a few at a time: all of them together may be larger than memory.

    Args:
        folder: the store's.
        name: the file; where there is none, only what is new is written.
        dropped: ids of runs whose pictures are left out.
        new: records.
        generation: the compaction.

    Raises:
        DamagedFileError: if the file is not what it should be; it stays as it is.
        StorageError: if it cannot be written.
    """
    schema = PICTURES.with_metadata({GENERATION: generation.encode()})
    with folder.writing(name) as stream, pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for rows in _all_pictures(folder, name):
            writer.write_table(exclude_runs(rows, dropped).cast(schema))
        for records in new:
            has = pc.and_(records["samples"].is_valid(), records["reference"].is_valid())
            writer.write_table(records.select(PICTURES.names).filter(has).cast(schema))


def read_pictures(folder: Folder, name: str, run_ids: Collection[str]) -> pa.Table:
    """Pictures of some runs from a compacted file; none where there is no such file.

    Raises:
        DamagedFileError: if the file is not what it should be.
    """
    found = [PICTURES.empty_table()]
    if run_ids:
        found += [select_runs(rows, run_ids).cast(PICTURES) for rows in _all_pictures(folder, name, run_ids)]
    return pa.concat_tables(found)


def select_runs(table: pa.Table, run_ids: Collection[str]) -> pa.Table:
    """The rows of some runs."""
    return table.filter(pc.is_in(table["run_id"].cast(pa.string()), pa.array(sorted(run_ids), pa.string())))


def exclude_runs(table: pa.Table, run_ids: Collection[str]) -> pa.Table:
    """The rows of all other runs."""
    if not run_ids:
        return table
    ids = table["run_id"].cast(pa.string())
    return table.filter(pc.invert(pc.is_in(ids, pa.array(sorted(run_ids), pa.string()))))


def _all_pictures(folder: Folder, name: str, run_ids: Collection[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a compacted file of pictures, a group at a time; of groups without any of `run_ids` none."""
    if not folder.exists(name):
        return
    try:
        with folder.opened(name) as source:
            file = pq.ParquetFile(source)
            for group in range(file.num_row_groups):
                ids = file.read_row_group(group, columns=["run_id"])["run_id"].to_pylist()
                if run_ids is None or not set(run_ids).isdisjoint(ids):
                    yield file.read_row_group(group).select(PICTURES.names)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise damaged(folder, name, error) from error


def _generation(schema: pa.Schema) -> str:
    generation: bytes = (schema.metadata or {}).get(GENERATION, b"")
    return generation.decode()


__all__ = ["Compacted", "merge_pictures", "read_compacted", "read_pictures", "write_compacted"]
