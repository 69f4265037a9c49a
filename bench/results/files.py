"""The file layer: a folder, in which a file appears whole or not at all.

All that is read and written beside results goes through `Folder`, which is pyarrow's filesystem below: another one than
this machine's needs another way to put a file in place, and nothing else. Each fault is one message that says what to
do.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from filelock import FileLock, Timeout
from pyarrow import fs

from bench.errors import BenchError
from bench.results.temporary import is_forgotten, make_temporary_name

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
        root: the folder; nothing is made until a file is written.

    Raises:
        StorageError: if the path is a file, or lies below one.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()
        self._fs = fs.LocalFileSystem()
        if self._kind() == fs.FileType.File:
            raise StorageError(f"{self.root}: found a file; expected a folder for results; choose another --out")

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.root.name

    def path(self, name: str = "") -> str:
        """The full path of a file, for messages."""
        return str(self.root / name)

    def stamps(self, name: str = "") -> dict[str, Stamp] | None:
        """The files right below a folder with their stamps, without hidden ones; None where there is no such folder."""
        found = self._listed(name)
        return None if found is None else {file: stamp for file, stamp in found.items() if not file.startswith(".")}

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of a file; None where there is none."""
        info = self._fs.get_file_info(self.path(name))
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
            stream = self._fs.open_input_file(self.path(name))
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
        target = self.path(name)
        temporary = str(Path(target).with_name(make_temporary_name(Path(target).name)))
        try:
            with self._open_temporary(temporary) as stream:
                yield stream
            self._fs.move(temporary, target)
        except OSError as error:
            raise StorageError(f"{target}: cannot be written ({_reason(error)}); {_remedy(error)}") from error
        finally:
            with suppress(OSError):
                self._fs.delete_file(temporary)

    def remove(self, name: str) -> None:
        """Delete a file; one that is not there is no error.

        Raises:
            StorageError: if it cannot be deleted.
        """
        try:
            self._fs.delete_file(self.path(name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"{self.path(name)}: cannot be deleted ({_reason(error)}); {_remedy(error)}") from error

    def remove_if_empty(self, name: str) -> None:
        """Delete a folder in which there is nothing, hidden files included."""
        with suppress(OSError):
            if not self._fs.get_file_info(fs.FileSelector(self.path(name))):
                self._fs.delete_dir(self.path(name))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Change files here while no other process that asks for the same does: for what takes no longer than a moment.

        The lock is the operating system's, so that a process which dies does not keep it.

        Raises:
            StorageError: if another process has it for too long, or its file cannot be written.
        """
        path = self.root / _LOCK
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(path, timeout=_PATIENCE):
                yield
        except Timeout as error:
            raise StorageError(
                f"{path}: another process has had this lock for {_PATIENCE:g} s; end it, or wait for it"
            ) from error
        except OSError as error:
            raise StorageError(f"{path}: cannot be written ({_reason(error)}); {_remedy(error)}") from error

    def sweep(self, *folders: str) -> None:
        """Delete temporary files that killed or failed writers left."""
        for folder in folders:
            for name, stamp in (self._listed(folder) or {}).items():
                if is_forgotten(name, stamp.mtime_ns / 1e9):
                    with suppress(OSError):
                        self._fs.delete_file(str(Path(self.path(folder)) / name))

    def _open_temporary(self, path: str) -> IO[bytes]:
        self._fs.create_dir(str(Path(path).parent), recursive=True)
        stream: IO[bytes] = self._fs.open_output_stream(path)
        return stream

    def _kind(self, name: str = "") -> fs.FileType:
        try:
            return self._fs.get_file_info(self.path(name)).type
        except OSError as error:
            raise StorageError(
                f"{self.path(name)}: cannot be looked at ({_reason(error)}); {_remedy(error)}"
            ) from error

    def _listed(self, name: str) -> dict[str, Stamp] | None:
        try:
            infos = self._fs.get_file_info(fs.FileSelector(self.path(name)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StorageError(f"{self.path(name)}: cannot be listed ({_reason(error)}); {_remedy(error)}") from error
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
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _remedy(error: OSError) -> str:
    return _REMEDIES.get(error.errno or 0, "choose another folder with --out, or mend this one")
