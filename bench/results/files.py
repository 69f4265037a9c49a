"""The file layer: a folder, in which a file appears whole or not at all.

All that is read and written beside results goes through `Folder`, which is pyarrow's filesystem below; how a file gets
into place is `bench.results.places`' affair. Each fault is one message that says what to do.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from filelock import FileLock, Timeout
from pyarrow import fs

from bench.errors import BenchError
from bench.results.places import LocalPlace, place_of

_REMEDIES: Mapping[int, str] = {
    errno.ENOSPC: "free some space and run the same command again: what is finished is kept",
    errno.EDQUOT: "free some space and run the same command again: what is finished is kept",
    errno.EROFS: "choose another folder with --out",
    errno.EACCES: "choose another folder with --out, or change its permissions",
    errno.EPERM: "choose another folder with --out, or change its permissions",
    errno.ENOTDIR: "a part of the path is a file; choose another folder with --out",
    errno.EEXIST: "a part of the path is a file; choose another folder with --out",
    errno.ENAMETOOLONG: "choose a folder with a shorter path",
}


_LOCK = ".lock"
_PATIENCE = 120.0  # seconds
_REQUEST = re.compile(r"\s*\(Request ID.*?\)")


class StorageError(BenchError):
    """A folder of results that cannot be written, or a file of it that cannot be read."""


class DamagedFileError(StorageError):
    """A file that is there, but does not hold what it should."""


class Stamp(NamedTuple):
    """What tells a version of a file from another."""

    size: int
    mtime_ns: int


class Folder:
    """A folder and what is below it, by names with slashes.

    Args:
        root: the folder: a path, or a URI such as s3://bucket/folder; nothing is made until a file is written.

    Raises:
        ArgumentError: if a URI is of an unknown kind, or holds a secret.
        StorageError: if the path is a file, or lies below one.
    """

    def __init__(self, root: str | Path) -> None:
        self._place = place_of(root)
        if self._kind() == fs.FileType.File:
            raise StorageError(f"{self.path()}: found a file; expected a folder for results; choose another --out")

    @property
    def root(self) -> Path | None:
        """Its path on this machine; None for a folder in an object store."""
        return Path(self._place.base) if isinstance(self._place, LocalPlace) else None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._place.base.rpartition("/")[2] if self.root is None else self.root.name

    def path(self, name: str = "") -> str:
        """The full path or URI of a file, for people and for other processes."""
        if self.root is not None:
            return self._at(name)
        return f"{self._place.location}/{name}" if name else self._place.location

    def folders(self) -> list[str]:
        """Names of the folders right below it."""
        try:
            infos = self._files.get_file_info(fs.FileSelector(self._at(), allow_not_found=True))
        except OSError:
            return []
        return sorted(i.base_name for i in infos if i.type == fs.FileType.Directory)

    def stamps(self, name: str = "") -> dict[str, Stamp] | None:
        """The files right below a folder with their stamps, without hidden ones; None where there is no such folder."""
        found = self._listed(name)
        return None if found is None else {file: stamp for file, stamp in found.items() if not file.startswith(".")}

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of a file; None where there is none."""
        info = self._info(name)
        return Stamp(info.size, info.mtime_ns) if info.type == fs.FileType.File else None

    def exists(self, name: str) -> bool:
        """Whether there is such a file or folder."""
        return bool(self._kind(name) != fs.FileType.NotFound)

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: if there is none.
            StorageError: if it may not be read.
        """
        with self.opened(name) as stream:
            return stream.read()

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """A file to be read in parts.

        Raises:
            FileNotFoundError: if there is none.
            StorageError: if it may not be read.
        """
        try:
            stream = self._files.open_input_file(self._at(name))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(*error.args) from None
        except OSError as error:
            raise StorageError(
                f"{self.path(name)}: cannot be read ({_reason(error)}); change its permissions, or mend its disk"
            ) from error
        with stream:
            yield stream

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place.

        Raises:
            StorageError: if it cannot be written.
        """
        with self.writing(name) as stream:
            stream.write(content)

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """A stream whose content becomes the file when the block ends without an exception.

        Raises:
            StorageError: if it cannot be written.
        """
        try:
            with self._place.writing(self._at(name)) as stream:
                yield stream
        except OSError as error:
            raise self._fault(name, "written", error) from error

    def remove(self, name: str) -> None:
        """Delete a file; one that is not there is no error.

        Raises:
            StorageError: if it cannot be deleted.
        """
        try:
            self._files.delete_file(self._at(name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._fault(name, "deleted", error) from error

    def remove_if_empty(self, name: str) -> None:
        """Delete a folder in which there is nothing, hidden files included."""
        with suppress(OSError):
            if not self._files.get_file_info(fs.FileSelector(self._at(name))):
                self._files.delete_dir(self._at(name))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Change files here while no other process that asks for the same does: for what takes no longer than a moment.

        The lock is the operating system's, so that a process which dies does not keep it. In an object store there is
        none: what changes records there must hold `bench.results.lock.hold_lock`.

        Raises:
            StorageError: if another process has it for too long, or its file cannot be written.
        """
        if self.root is None:
            yield
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / _LOCK).acquire(timeout=_PATIENCE)
        except Timeout as error:
            raise StorageError(
                f"{self.path(_LOCK)}: another process has had this lock for {_PATIENCE:g} s; end it, or wait for it"
            ) from error
        except OSError as error:
            raise self._fault(_LOCK, "written", error) from error
        with lock:
            yield

    def sweep(self, *folders: str) -> None:
        """Delete temporary files that killed or failed writers left."""
        for folder in folders:
            with suppress(OSError):
                self._place.sweep(self._at(folder))

    @property
    def _files(self) -> fs.FileSystem:
        return self._place.files

    def _at(self, name: str = "") -> str:
        """The path of a file within the file system."""
        base = self._place.base
        return str(Path(base) / name) if self.root is not None else f"{base}/{name}".rstrip("/")

    def _fault(self, name: str, verb: str, error: OSError) -> StorageError:
        local = _REMEDIES if self.root is not None else {}
        remedy = local.get(error.errno or 0, self._place.remedy)
        return StorageError(f"{self.path(name)}: cannot be {verb} ({_reason(error)}); {remedy}")

    def _kind(self, name: str = "") -> fs.FileType:
        return self._info(name).type

    def _info(self, name: str) -> fs.FileInfo:
        try:
            return self._files.get_file_info(self._at(name))
        except OSError as error:
            raise self._fault(name, "looked at", error) from error

    def _listed(self, name: str) -> dict[str, Stamp] | None:
        try:
            infos = self._files.get_file_info(fs.FileSelector(self._at(name)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._fault(name, "listed", error) from error
        return {i.base_name: Stamp(i.size, i.mtime_ns) for i in infos if i.type == fs.FileType.File}


@dataclass(frozen=True)
class StoredFile:
    """One file of a folder.

    Attributes:
        folder: the folder.
        name: its name in it.
    """

    folder: Folder
    name: str

    def __str__(self) -> str:
        return self.folder.path(self.name)

    def read(self) -> bytes | None:
        """Its content; None where there is none that can be read."""
        try:
            return self.folder.read(self.name)
        except (OSError, StorageError):
            return None

    @property
    def stamp(self) -> Stamp | None:
        """What tells this version of it from another; None where there is none."""
        return self.folder.stamp(self.name)

    def write(self, content: bytes) -> None:
        """Replace it."""
        self.folder.write(self.name, content)

    def remove(self) -> None:
        """Delete it, if it is there."""
        self.folder.remove(self.name)


def _reason(error: OSError) -> str:
    """What happened, without the number that an object store gave the request."""
    if error.errno:
        return os.strerror(error.errno).lower()
    return _REQUEST.sub("", str(error).partition("\n")[0])
