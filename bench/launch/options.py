"""How a command's work is carried out; nothing here changes a result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Where and how runs are executed.

    Attributes:
        launcher: registered name of the launcher: inline, ray.
        address: a running ray cluster; None for ray on this machine.
        checkpoint_seconds: least time between two checkpoints of a cohort.
        keep_weights: whether trained models' weights are kept beside the runs' files.
        log: whether the suite's loggers are told.
    """

    launcher: str = "ray"
    address: str | None = None
    checkpoint_seconds: float = 30.0
    keep_weights: bool = True
    log: bool = True
