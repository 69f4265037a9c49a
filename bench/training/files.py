"""Where a checkpoint's bytes are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class CheckpointFile(Protocol):
    """A file that is written whole or not at all; its `str` is what people are told it is called."""

    def read(self) -> bytes | None:
        """Its content; None if there is no such file."""

    def write(self, content: bytes) -> None:
        """Replace it."""

    def remove(self) -> None:
        """Delete it, if it is there."""


@dataclass(frozen=True)
class LocalFile:
    """A file of its own, beside no store.

    Attributes:
        path: the file; folders above it are made.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def read(self) -> bytes | None:
        """See `CheckpointFile.read`."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, content: bytes) -> None:
        """See `CheckpointFile.write`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(content)
        temporary.replace(self.path)

    def remove(self) -> None:
        """See `CheckpointFile.remove`."""
        self.path.unlink(missing_ok=True)
