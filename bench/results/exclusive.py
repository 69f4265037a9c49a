"""Create a file that nobody else has created: of several that try at once, one succeeds."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from bench.results.files import Folder, StorageError
from bench.results.temporary import make_temporary_name

SETTLE_SECONDS = 2.0
"""For how long one that creates a file in an object store waits for others that have begun to do the same."""


def create(folder: Folder, name: str, content: bytes) -> bool:
    """Put a file in place if there is none of that name; false where there is one.

    Args:
        folder: the folder.
        name: the file, right in it.
        content: what it is to hold; different for each that tries.

    Raises:
        StorageError: if it cannot be written.
    """
    if folder.root is None:
        return claim(folder, name, content)
    target = folder.root / name
    temporary = target.with_name(make_temporary_name(name))
    try:
        folder.root.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        return _link(temporary, target, content)
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise StorageError(f"{target}: cannot be written ({reason}); choose another folder with --out") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def claim(folder: Folder, name: str, content: bytes, settle: float = SETTLE_SECONDS) -> bool:
    """The same where files can be replaced only, as in object stores: the last of those that write at once has it.

    Args:
        folder: the folder.
        name: the file.
        content: what it is to hold; different for each that tries.
        settle: seconds to wait for others.

    Raises:
        StorageError: if it cannot be written.
    """
    if folder.exists(name):
        return False
    folder.write(name, content)
    time.sleep(settle)
    try:
        return folder.read(name) == content
    except FileNotFoundError:
        return False


def _link(temporary: Path, target: Path, content: bytes) -> bool:
    """Name a whole file as one step unless the name is taken; file systems without links create it empty first."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    except OSError:
        try:
            with target.open("xb") as stream:
                stream.write(content)
        except FileExistsError:
            return False
    return True
