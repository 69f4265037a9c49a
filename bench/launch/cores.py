"""The processor cores that this process may use, which a scheduler such as SLURM can make fewer than there are."""

from __future__ import annotations

import os


def count_cores() -> int:
    """How many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def count_bound_cores() -> int | None:
    """How many there are where this process is bound to some of them; None where it may use all."""
    cores = count_cores()
    return cores if cores < (os.cpu_count() or 1) else None
