"""Compacted files: runs, references, curves, samples and columns, each in one file that is complete by itself.

A compacted file names the run files that it covers, each with size and time of change, so that a reader opens only
what is newer. Rows without such a name have no file of their own any more, or never had one here: they are kept.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.results.files import Folder, Stamp, StorageError
from bench.results.frames import PICTURES

FILES, GENERATION = b"bench.files", b"bench.generation"
PICTURES_A_GROUP = 64
"""Rows of a row group of pictures: few are read at once, and each is large."""


@dataclass(frozen=True)
class Compacted:
    """One compacted file.

    Attributes:
        table: its rows.
        files: the run files that they are from, by run id; None if it was written before such files were named.
        generation: the compaction that it is of; files of one compaction belong together.
    """

    table: pa.Table
    files: Mapping[str, Stamp] | None = field(default_factory=dict)
    generation: str = ""

    @property
    def ids(self) -> list[str]:
        """Ids of its runs, a row each."""
        names: list[str] = self.table["run_id"].to_pylist()
        return names


def read_compacted(folder: Folder, name: str, *, text_columns: Collection[str] = ()) -> Compacted | None:
    """A compacted file, or None where there is none.

    Args:
        folder: the store's.
        name: the file.
        text_columns: columns to read as categories.

    Raises:
        StorageError: if it cannot be read.
    """
    if not folder.exists(name):
        return None
    try:
        source = pa.BufferReader(folder.read(name))
        table = pq.ParquetFile(source, read_dictionary=list(text_columns)).read()
        if "run_id" not in table.column_names:
            raise KeyError("it has no column run_id")
    except (pa.ArrowException, OSError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise StorageError(
            f"{folder.path(name)}: not readable ({reason}); delete it: `bench run` makes it again"
        ) from error
    return Compacted(table, *_about(table.schema))


def generation_of(folder: Folder, name: str) -> str | None:
    """The compaction that a file is of; None where there is none that can be read."""
    try:
        with folder.opened(name) as source:
            return _about(pq.read_schema(source))[1]
    except (pa.ArrowException, OSError):
        return None


def write_compacted(folder: Folder, name: str, table: pa.Table, files: Mapping[str, Stamp], generation: str) -> None:
    """Write a compacted file, whole or not at all."""
    content = json.dumps({run_id: [*stamp] for run_id, stamp in files.items()}, separators=(",", ":"))
    about = {FILES: content.encode(), GENERATION: generation.encode()}
    described = table.replace_schema_metadata({**(table.schema.metadata or {}), **about})
    with folder.writing(name) as stream:
        pq.write_table(described, stream, compression="zstd")


def merge_pictures(folder: Folder, name: str, dropped: Collection[str], new: pa.Table, generation: str) -> None:
    """Write the pictures of a compacted file without some runs, and those of new records behind them.

    Rows are handed on a group at a time: all of them together may be larger than memory.

    Args:
        folder: the store's.
        name: the file.
        dropped: ids of runs whose pictures are left out.
        new: records.
        generation: the compaction.
    """
    schema = PICTURES.with_metadata({GENERATION: generation.encode()})
    kept = pa.array(sorted(dropped), pa.string())
    has = pc.and_(new["samples"].is_valid(), new["reference"].is_valid())
    with folder.writing(name) as stream, pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        if folder.exists(name):
            with folder.opened(name) as source:
                for batch in pq.ParquetFile(source).iter_batches(PICTURES_A_GROUP):
                    rows = pa.Table.from_batches([batch]).select(PICTURES.names)
                    rows = rows.filter(pc.invert(pc.is_in(rows["run_id"], kept)))
                    writer.write_table(rows.cast(schema))
        fresh = new.select(PICTURES.names).filter(has).cast(schema)
        for start in range(0, len(fresh), PICTURES_A_GROUP):
            writer.write_table(fresh.slice(start, PICTURES_A_GROUP))


def read_pictures(folder: Folder, name: str, run_ids: Collection[str]) -> pa.Table:
    """Pictures of some runs from a compacted file; none where there is no such file."""
    wanted = pa.array(sorted(run_ids), pa.string())
    parts = [PICTURES.empty_table()]
    if not folder.exists(name) or not run_ids:
        return parts[0]
    with folder.opened(name) as source:
        file = pq.ParquetFile(source)
        for group in range(file.num_row_groups):
            ids = file.read_row_group(group, columns=["run_id"])["run_id"]
            if pc.any(pc.is_in(ids, wanted)).as_py():
                rows = file.read_row_group(group).select(PICTURES.names)
                parts.append(rows.filter(pc.is_in(rows["run_id"], wanted)).cast(PICTURES))
    return pa.concat_tables(parts)


def _about(schema: pa.Schema) -> tuple[dict[str, Stamp] | None, str]:
    metadata = schema.metadata or {}
    files = json.loads(metadata[FILES]) if FILES in metadata else None
    named = None if files is None else {run_id: Stamp(*stamp) for run_id, stamp in files.items()}
    return named, metadata.get(GENERATION, b"").decode()


__all__ = ["Compacted", "merge_pictures", "read_compacted", "read_pictures", "write_compacted"]
