"""How a command ends: what it says last, and its exit status."""

from __future__ import annotations

import signal
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

from bench.statuses import RESULTS

if TYPE_CHECKING:
    from rich.console import Console

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_WORSE = 1, 2, 3


@contextmanager
def telling_problems() -> Iterator[None]:
    """Say what a report lacks, and which files of a folder of results were left out; then the exit status is 1."""
    from bench.errors import ReportWarning
    from bench.reading import ResultsWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResultsWarning)
        warnings.simplefilter("always", ReportWarning)
        yield
    for text in dict.fromkeys(str(w.message) for w in caught if w.category is ReportWarning):
        typer.echo(f"bench: {text}", err=True)
    conclude_reading(tuple(dict.fromkeys(str(w.message) for w in caught if w.category is ResultsWarning)))


def conclude_reading(problems: Sequence[str]) -> None:
    """Say which files were left out; then the exit status is 1."""
    for problem in problems:
        typer.echo(f"bench: left out: {problem}", err=True)
    if problems:
        raise typer.Exit(EXIT_FAILED)


def let_interrupt() -> None:
    """A polite kill, as schedulers send it, ends the command as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def conclude_runs(counts: Counter[str], planned: int, location: str, console: Console) -> None:
    """Say how it ended; runs without a result or with an accident make the exit status 1."""
    told = ", ".join(f"{counts[status]} {status.value}" for status in RESULTS if counts[status])
    lines = [f"{told or 'no runs'}; results in {location}", f"bench report {location}"]
    missing = planned - counts.total()
    if missing:
        lines.append(f"{missing} runs have no result; the same command tries them again")
    accidents = [status.value for status in RESULTS if status.is_accident and counts[status]]
    if accidents:
        lines.append(f"`--retry {' --retry '.join(accidents)}` runs them again")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    if missing or accidents:
        raise typer.Exit(EXIT_FAILED)
