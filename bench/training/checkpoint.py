"""Checkpoints: written whole or not at all, and only taken up by the training that they belong to."""

from __future__ import annotations

import os
import pickle
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch


@dataclass
class Checkpoint:
    """The checkpoint file of one cohort.

    Attributes:
        path: the file.
        owner: what the training is: a checkpoint with another owner is not taken up.
        interval: seconds between two checkpoints at the least.
    """

    path: Path
    owner: dict[str, Any]
    interval: float = 30.0
    _last: float = field(default_factory=time.monotonic)

    def restore(self, device: torch.device) -> dict[str, Any] | None:
        """The saved state, on `device`; None if there is none that can be used."""
        if not self.path.exists():
            return None
        try:
            content = torch.load(self.path, map_location=device, weights_only=True)
        except (RuntimeError, pickle.UnpicklingError, EOFError):
            return None  # from another version of torch, or a damaged disk: training starts again
        return content["state"] if content.get("owner") == self.owner else None

    @property
    def due(self) -> bool:
        """Whether the last checkpoint is old enough for another."""
        return time.monotonic() - self._last >= self.interval

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        torch.save({"owner": self.owner, "state": state}, temporary)
        temporary.replace(self.path)
        self._last = time.monotonic()

    def remove(self) -> None:
        """Delete the file, once its runs are recorded."""
        self.path.unlink(missing_ok=True)
