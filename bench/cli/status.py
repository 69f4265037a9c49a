"""`bench status`: how a suite is getting on, from its results alone, also while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.ending import conclude_reading
from bench.cli.options import Results

if TYPE_CHECKING:
    from rich.console import Console

    from bench.results import Progress

Read = Callable[["Progress | None"], "Progress"]
_PLAIN_WIDTH = 1000


def status(
    results: Results,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until nothing is left to do, or until Ctrl-C; status 0 then.")
    ] = False,
    every: Annotated[float, typer.Option(metavar="SECONDS", help="Time between two looks, with --watch.", min=0.1)] = 5,
    failures: Annotated[int, typer.Option(metavar="N", help="How many of the last failures to tell.", min=0)] = 10,
) -> None:
    """Show what of a suite is done, running, failed and to do, and when it will be done.

    Works while the suite runs, also from another machine that sees its results, and changes nothing in them.
    """
    from rich.console import Console

    from bench.cli.progress import show
    from bench.results import open_store, read_progress

    store = open_store(results)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PLAIN_WIDTH)  # nobody's window: lines are not to be folded
    progress = read_progress(store)
    if watch:
        progress = _watch(progress, lambda before: read_progress(store, before), store.name, console, every)
    console.print(show(progress, store.name, failures=failures))
    conclude_reading(progress.problems)


def _watch(
    progress: Progress,
    read: Read,
    name: str,
    console: Console,
    every: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Progress:
    """Look again and again until nothing is left to do, or until Ctrl-C.

    On a terminal one picture is kept up to date; elsewhere each look is a line.
    """
    from rich.live import Live

    from bench.cli.progress import show, summarise

    try:
        if not console.is_terminal:
            while True:
                console.print(f"{progress.read_at.astimezone():%H:%M:%S}  {summarise(progress, name)}", soft_wrap=True)
                if progress.is_over:
                    return progress
                sleep(every)
                progress = read(progress)
        with Live(console=console, auto_refresh=False, transient=True) as live:
            while not progress.is_over:
                live.update(show(progress, name, failures=3, height=console.height - 1), refresh=True)
                sleep(every)
                progress = read(progress)
    except KeyboardInterrupt:
        console.print("stopped looking; what runs goes on")
    return progress
