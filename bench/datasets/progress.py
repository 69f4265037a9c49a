"""A progress bar for downloads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn


class DownloadBar:
    """The face of a progress bar that pooch expects, on a rich one."""

    def __init__(self, progress: Progress, label: str) -> None:
        self._progress = progress
        self._task = progress.add_task(label, total=None)

    @property
    def total(self) -> float | None:
        """Bytes expected, or None while unknown."""
        return self._progress.tasks[0].total

    @total.setter
    def total(self, count: int) -> None:
        self._progress.update(self._task, total=count or None)

    def update(self, count: int) -> None:
        """Count `count` more bytes."""
        self._progress.advance(self._task, count)

    def reset(self) -> None:
        """Count from zero again."""
        self._progress.reset(self._task, total=self.total)

    def close(self) -> None:
        """Nothing to do: the surrounding context closes the display, after failures too."""


@contextmanager
def progress_bar(label: str, console: Console | None = None) -> Iterator[DownloadBar]:
    """A bar on standard error that shows nothing where there is no terminal."""
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield DownloadBar(progress, label)
