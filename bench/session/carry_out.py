"""Carry plans out: with a display, and how it ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rich.console import Console
from rich.markup import escape

from bench.analysis import approximate
from bench.dictionary import declared_columns
from bench.launch import (
    CohortPlan,
    Display,
    Estimates,
    Event,
    Feed,
    Finished,
    Job,
    Logger,
    Options,
    make_launcher,
)
from bench.results import Journal, RunStore


def carry_out(
    plans: Sequence[CohortPlan],
    store: RunStore,
    options: Options,
    console: Console,
    estimates: Estimates,
    loggers: Mapping[str, Logger] = MappingProxyType({}),
) -> Counter[str]:
    """Execute plans with a display.

    Args:
        plans: cohorts.
        store: where their records go.
        options: how to work.
        console: where to print.
        estimates: what cohorts take.
        loggers: told of finished runs.

    Returns:
        How many runs ended how.

    Raises:
        BenchError: if a logger cannot begin; nothing is started then.
    """
    launcher = make_launcher(options.launcher)
    job = Job(plans, store, options, estimates)
    journal = Journal(store, job.launch_id)
    feed = Feed(loggers, store)
    display = Display(plans, declared_columns(), console, time.monotonic)

    def show(event: Event) -> None:
        display.show(event)
        if isinstance(event, Finished):
            journal.add(event.record)
            feed.tell(event.record.run_id)

    try:
        with feed, display:
            launcher.launch(job, show)
    finally:
        for problem in feed.problems:
            console.print(f"[yellow]note[/]  {escape(problem)}", soft_wrap=True)
    return display.finished


def duration(seconds: float | None) -> str:
    """An expected time in words."""
    return "no estimate yet" if seconds is None else approximate(seconds)
