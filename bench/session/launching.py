"""Carry plans out: where, with a display, and how it ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from bench.launch import CohortPlan, Display, Estimates, WorkOptions, run_inline, run_on_ray
from bench.results import RunStore


@dataclass(frozen=True)
class Launch:
    """Where the runs are to be executed; nothing here changes a result.

    Attributes:
        inline: in this process, without ray.
        address: a running ray cluster; None for ray on this machine.
        checkpoint_seconds: least time between two checkpoints.
        keep_weights: whether trained models' weights are kept beside the runs' files.
    """

    inline: bool = False
    address: str | None = None
    checkpoint_seconds: float = 30.0
    keep_weights: bool = True


def carry_out(
    plans: Sequence[CohortPlan], store: RunStore, launch: Launch, console: Console, estimates: Estimates
) -> Counter[str]:
    """Execute plans with a display; how many of their runs ended how."""
    options = WorkOptions(launch.checkpoint_seconds, launch.keep_weights)
    with Display(plans, console, time.monotonic) as display:
        if launch.inline:
            run_inline(plans, store, options, display.show)
        else:
            run_on_ray(plans, store, options, display.show, estimates=estimates, address=launch.address)
    return display.finished


def duration(seconds: float | None) -> str:
    """An expected time in words."""
    if seconds is None:
        return "no estimate yet"
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
