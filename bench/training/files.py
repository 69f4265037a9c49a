"""Where a checkpoint's bytes are kept."""

from __future__ import annotations

from typing import Protocol


class CheckpointFile(Protocol):
    """A file that is written whole or not at all; its `str` is what people are told it is called."""

    def read(self) -> bytes | None:
        """Its content; None if there is no such file."""

    def write(self, content: bytes) -> None:
        """Replace it."""

    def remove(self) -> None:
        """Delete it, if it is there."""
