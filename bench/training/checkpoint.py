"""Checkpoints: taken up by the training that they belong to, and by nothing else."""

from __future__ import annotations

import hashlib
import io
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from bench.training.files import CheckpointFile

_CHECKSUM_BYTES = hashlib.sha256().digest_size


class CheckpointWarning(UserWarning):
    """A checkpoint that is there cannot be used, so training starts again from step 0."""


@dataclass
class Checkpoint:
    """The checkpoint of one cohort.

    The file is the SHA-256 of what follows it, then a `torch.save` archive: torch itself does not notice every bit that
    has changed.

    Attributes:
        file: where it is kept.
        owner: what the training is: a checkpoint with another owner is not taken up.
        interval: seconds between two checkpoints at the least.
    """

    file: CheckpointFile
    owner: Mapping[str, Any]
    interval: float = 30.0
    _last: float = field(default_factory=time.monotonic)

    def restore(self, device: torch.device) -> dict[str, Any] | None:
        """The saved state, with its tensors on `device`.

        Returns:
            None if there is none, or none of this owner; likewise, with a `CheckpointWarning`, whatever is wrong with
            the file.
        """
        try:
            content = self.file.read()
            if content is None:
                return None
            saved = _decode(content, device)
            return dict(saved["state"]) if saved["owner"] == dict(self.owner) else None
        except Exception as error:  # a damaged file can raise anything, and costs time at the most
            self.warn_unusable(error)
            return None

    @property
    def due(self) -> bool:
        """Whether the last checkpoint is old enough for another."""
        return time.monotonic() - self._last >= self.interval

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the file."""
        self.file.write(_encode({"owner": dict(self.owner), "state": dict(state)}))
        self._last = time.monotonic()

    def remove(self) -> None:
        """Delete the file, once its runs are recorded."""
        self.file.remove()

    def warn_unusable(self, error: Exception) -> None:
        """Say that the file is there and why it is not used."""
        reason = " ".join(str(error).split()) or "no reason given"
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        text = f"checkpoint {self.file} cannot be used ({kind}{reason}); training starts again from step 0"
        warnings.warn(text, CheckpointWarning, stacklevel=2)


def _encode(saved: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    torch.save(saved, buffer)
    archive = buffer.getvalue()
    return hashlib.sha256(archive).digest() + archive


def _decode(content: bytes, device: torch.device) -> dict[str, Any]:
    """What `_encode` was given.

    Raises:
        ValueError: if the content is not what was written.
    """
    checksum, archive = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
    if hashlib.sha256(archive).digest() != checksum:
        raise ValueError(f"its {len(content)} bytes do not match their checksum: it is cut off or damaged")
    saved = torch.load(io.BytesIO(archive), map_location=device, weights_only=True)
    if not isinstance(saved, dict):
        raise ValueError(f"it holds a {type(saved).__name__}, no checkpoint")
    return saved
