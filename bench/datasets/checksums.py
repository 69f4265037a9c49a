"""Known files under wrong names: they are told by their checksums."""

from __future__ import annotations

import functools
import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench.datasets.sources import SOURCES, RemoteFile, Source
from bench.errors import BenchError

GZIP_MAGIC = b"\x1f\x8b"
REMEMBERED = 256


class FileState(NamedTuple):
    """A file as it is now: equal states mean equal content."""

    path: Path
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        """The present state of a file."""
        status = path.stat()
        return cls(path, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class Mistaken:
    """A file that is known, under another file's name.

    Attributes:
        path: the file.
        expected: what its name says.
        name: the published name of what it is.
        source: whose file it is.
    """

    path: Path
    expected: RemoteFile
    name: str
    source: Source


def refuse_mistaken_files(source: Source, paths: Sequence[Path]) -> None:
    """Refuse published files that lie where others belong, such as Fashion-MNIST's in the folder of MNIST.

    What no registered source ships is the user's own version, and taken as it is. A file is read once in a process
    while it stays as it is.

    Args:
        source: what the files are taken for.
        paths: one for each of its files, in their order.

    Raises:
        BenchError: if the content of a file is known to be another one's.
    """
    pairs = zip(source.files, paths, strict=True)
    mistaken = [found for file, path in pairs if (found := _find_mistake(source, file, path)) is not None]
    if mistaken:
        raise _refusal(source, mistaken)


def has_checksum(path: Path, sha256: str) -> bool:
    """Whether there is a file with this checksum."""
    return path.is_file() and _hash(FileState.of(path)) == sha256


def _find_mistake(source: Source, file: RemoteFile, path: Path) -> Mistaken | None:
    """What `path` is, if it is known and not `file`."""
    for checksum in _checksums(path):
        if checksum in file.checksums:
            return None
        for other in (source, *SOURCES.values()):
            files = (file for form in other.forms for file in form)
            name = next((f.checksums[checksum] for f in files if checksum in f.checksums), None)
            if name is not None:
                return Mistaken(path, file, name, other)
    return None


def _checksums(path: Path) -> Iterator[str]:
    """Of the file as it lies there, then of what is in it if it is gzipped; none of what cannot be read.

    The second is computed only if the first says nothing: the same content is gzipped differently in different places.
    """
    try:
        state = FileState.of(path)
        yield _hash(state)
        yield from _hash_unpacked(state)
    except (OSError, EOFError, zlib.error):
        return  # who reads it says what is wrong with it


@functools.lru_cache(maxsize=REMEMBERED)
def _hash(state: FileState) -> str:
    with state.path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@functools.lru_cache(maxsize=REMEMBERED)
def _hash_unpacked(state: FileState) -> tuple[str, ...]:
    """The checksum of the content of a gzipped file; empty for other files."""
    with state.path.open("rb") as stream:
        if stream.read(len(GZIP_MAGIC)) != GZIP_MAGIC:
            return ()
    with gzip.open(state.path) as content:
        return (hashlib.file_digest(content, "sha256").hexdigest(),)


def _refusal(source: Source, mistaken: Sequence[Mistaken]) -> BenchError:
    lines = [
        f"  {item.path}: found {item.source.label}'s {item.name}, expected {source.label}'s {item.expected.name}"
        for item in mistaken
    ]
    others = dict.fromkeys(item.source for item in mistaken if item.source != source)
    strangers = "".join(f"; {other.label}'s belong into a folder '{other.name}' beside it" for other in others)
    return BenchError(
        f"{source.kind} '{source.name}': files are not what their names say (told by their checksums)\n"
        + "\n".join(lines)
        + f"\n  put {source.label}'s files in their places (from {source.addresses}){strangers}"
    )
