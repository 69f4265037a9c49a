"""Carry plans out: with a display, and how it ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from rich.console import Console

from bench.dictionary import declared_columns
from bench.launch import CohortPlan, Display, Estimates, Event, Finished, Job, Options, make_launcher
from bench.results import RunStore


def carry_out(
    plans: Sequence[CohortPlan],
    store: RunStore,
    options: Options,
    console: Console,
    estimates: Estimates,
    on_first: Callable[[], None] = lambda: None,
) -> Counter[str]:
    """Execute plans with a display.

    Args:
        plans: cohorts.
        store: where their records go.
        options: how to work.
        console: where to print.
        estimates: what cohorts take.
        on_first: called when the first record is in place.

    Returns:
        How many runs ended how.
    """
    launcher = make_launcher(options.launcher)
    with Display(plans, declared_columns(), console, time.monotonic) as display:

        def show(event: Event) -> None:
            is_first = isinstance(event, Finished) and not display.finished
            display.show(event)
            if is_first:
                on_first()

        launcher.launch(Job(plans, store, options, estimates), show)
    return display.finished


def duration(seconds: float | None) -> str:
    """An expected time in words."""
    if seconds is None:
        return "no estimate yet"
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
