"""How a suite is getting on, as text and a table for the console."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.analysis import approximate
from bench.results import RUNNING, TO_DO, Cohort, Progress, Sign
from bench.statuses import Status

_MOST_COHORTS = 20
_LEAST_ROWS = 3
_STYLES = {Status.DONE.value: "green", Status.DIVERGED.value: "yellow", RUNNING: "cyan", TO_DO: ""}


def show(progress: Progress, name: str, *, failures: int, height: int | None = None) -> Group:
    """A table of datasets and methods, a summary, what is running, and the last failures.

    Args:
        progress: what to show.
        name: of the suite.
        failures: how many of the last failures to tell.
        height: lines that there is room for; by default all is shown. What is not finished comes first then.
    """
    lines = [summarise(progress, name), *_tell_cohorts(progress), *_tell_failures(progress, failures)]
    if progress.hidden:
        lines.append(
            f'{progress.hidden} runs of other settings are not counted: bench.load(…, variants="all") has them'
        )
    room = None if height is None else max(_LEAST_ROWS, height - len(lines) - 2)
    searched = (Text("search:"), *_table(progress.trial_counts, room)) if len(progress.trials) else ()
    return Group(*searched, *_table(progress.counts, room), *(Text(line) for line in lines))


def summarise(progress: Progress, name: str) -> str:
    """Counts, rate and time left in one line."""
    if not progress.has_plan and progress.every_run.empty:
        return f"{name}: nothing is known of it yet: no run has been begun"
    totals = progress.runs["state"].value_counts()
    failed = {state: int(n) for state, n in totals.items() if state not in (Status.DONE, RUNNING, TO_DO)}
    kinds = f" ({', '.join(f'{n} {_label(str(state))}' for state, n in failed.items())})" if failed else ""
    told = [
        f"{len(progress.runs)} runs: {totals.get(Status.DONE.value, 0)} done",
        f"{totals.get(RUNNING, 0)} running",
        f"{sum(failed.values())} failed{kinds}",
        f"{totals.get(TO_DO, 0)} to do" + ("" if progress.has_plan else " (no plan tells whether that is all)"),
    ]
    if len(progress.trials):
        done = int((progress.trials["state"] == Status.DONE).sum())
        told.append(f"{done} of {len(progress.trials)} search runs done")
    if progress.references_to_do:
        told.append(f"{progress.references_to_do} of real data to do")
    return f"{name}: {', '.join(told)}{_tell_time(progress)}"


def _tell_time(progress: Progress) -> str:
    if progress.is_over or not progress.has_plan:
        return ""
    if not progress.working:
        return "; nothing is running yet, or any more: the same `bench run` goes on from here"
    rate, left = progress.rate, progress.time_left
    pace = "" if rate is None else f"; {rate:,.0f} runs an hour" if rate >= 10 else f"; {rate:.2g} runs an hour"
    if left.seconds is not None:
        return f"{pace}; {approximate(left.seconds)} left"
    first, more = " · ".join(left.unknown[0]), len(left.unknown) - 1
    others = f" and {more} more" if more else ""
    return f"{pace}; time left unknown: nothing is finished of {first}{others}"


def _tell_cohorts(progress: Progress) -> Iterator[str]:
    working = progress.working
    if working:
        yield "running now:"
        yield from (f"  {_tell_cohort(cohort, progress.read_at)}" for cohort in working[:_MOST_COHORTS])
        if len(working) > _MOST_COHORTS:
            yield f"  … and {len(working) - _MOST_COHORTS} more"
    gone = [cohort for cohort in progress.cohorts if cohort.is_gone and cohort.runs]
    if gone:
        yield "broken off; the same `bench run` takes them up again:"
        yield from (f"  {_tell_gone(cohort, progress.read_at)}" for cohort in gone[:_MOST_COHORTS])
        if len(gone) > _MOST_COHORTS:
            yield f"  … and {len(gone) - _MOST_COHORTS} more"


def _tell_cohort(cohort: Cohort, now: datetime) -> str:
    parts = [f"{cohort.label}: {cohort.host}, process {cohort.pid}"]
    if cohort.began is not None:
        parts.append(f"for {_passed(cohort.began, now)} (since {_moment(cohort.began, now)})")
    if cohort.steps > 1:
        parts.append(_tell_step(cohort))
    if cohort.attempt > 1:
        parts.append(f"attempt {cohort.attempt}")
    if cohort.sign is Sign.SILENT:
        since = "at all" if cohort.seen is None else f"since {_moment(cohort.seen, now)}"
        parts.append(f"no sign of life {since}: it may be gone, which cannot be told from this machine")
    return ", ".join(parts)


def _tell_step(cohort: Cohort) -> str:
    if not cohort.step:
        return f"{cohort.steps:,} steps to do"
    if cohort.step >= cohort.steps:
        return f"all {cohort.steps:,} steps done, being measured"
    return f"step {cohort.step:,} of {cohort.steps:,}"


def _tell_gone(cohort: Cohort, now: datetime) -> str:
    since = "" if cohort.began is None else f", begun {_moment(cohort.began, now)}"
    step = f", step {cohort.step:,} of {cohort.steps:,}" if cohort.step else ""
    return f"{cohort.label}: process {cohort.pid} of {cohort.host} is gone{since}{step}"


def _tell_failures(progress: Progress, most: int) -> Iterator[str]:
    rows = progress.failures
    if len(rows) > most > 0:
        yield f"the last {most} of {len(rows)} failures; bench.load has all:"
    for row in rows.tail(most).itertuples() if most else ():
        reason = row.error if isinstance(row.error, str) else "no message"
        yield f"{row.status}: {row.dataset} · {row.method} · seed {row.seed}: {reason}"


def _table(counts: pd.DataFrame, room: int | None) -> Iterator[RenderableType]:
    if counts.empty:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("dataset")
    table.add_column("method")
    for state in counts.columns:
        table.add_column(_label(state), justify="right", style=_STYLES.get(state, "red"))
    shown = counts if room is None or len(counts) <= room else _unfinished_first(counts).head(room - 1)
    for (dataset, method), row in zip(shown.index, shown.itertuples(index=False), strict=True):
        table.add_row(Text(str(dataset)), Text(str(method)), *(str(n) if n else "·" for n in row))
    if len(counts) > 1:
        table.add_row("all", "", *(str(n) for n in counts.sum()), style="bold")
    yield table
    if len(shown) < len(counts):
        yield Text(f"… and {len(counts) - len(shown)} more combinations")


def _unfinished_first(counts: pd.DataFrame) -> pd.DataFrame:
    left = [state for state in (RUNNING, TO_DO) if state in counts.columns]
    return counts.sort_values(left, ascending=False, kind="stable") if left else counts


def _label(state: str) -> str:
    return state.replace("_", " ")


def _passed(since: datetime, now: datetime) -> str:
    return approximate(max(0.0, (now - since).total_seconds())).removeprefix("about ")


def _moment(at: datetime, now: datetime) -> str:
    here, today = at.astimezone(), now.astimezone().date()
    return f"{here:%H:%M:%S}" if here.date() == today else f"{here:%Y-%m-%d %H:%M}"
