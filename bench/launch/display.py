"""Progress on the console: a live bar on a terminal, plain lines without one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from bench.column import Columns
from bench.launch.events import Event, Finished, Noted, Started, Stepped
from bench.launch.plan import CohortPlan
from bench.reporting import headline, list_figures
from bench.statuses import Status

_STYLES = {Status.DONE: "green", Status.DIVERGED: "yellow", Status.TIMEOUT: "yellow"}


class Display:
    """Prints a line for each finished run, and on a terminal a bar with runs done, running, failed and time left.

    Args:
        plans: what is going to run.
        columns: what is declared of the figures, to tell the headline ones.
        console: where to print.
        clock: seconds since some moment.
    """

    def __init__(
        self, plans: Sequence[CohortPlan], columns: Columns, console: Console, clock: Callable[[], float]
    ) -> None:
        self._columns = columns
        self._console = console
        self._clock = clock
        self._total = sum(len(plan.wanted) for plan in plans)
        self._ended: dict[str, str] = {}
        self._running: dict[str, tuple[CohortPlan, int]] = {}
        self._began = clock()
        parts = (
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._progress = Progress(*parts, console=console, disable=not console.is_terminal, expand=True, transient=True)
        self._task = self._progress.add_task("runs", total=self._total, state="starting", left="")

    @property
    def finished(self) -> Counter[str]:
        """How many runs ended how, so far; one that was done twice, because a worker died, counts once."""
        return Counter(self._ended.values())

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, Started):
            self._running[event.plan.cohort_id] = (event.plan, 0)
        elif isinstance(event, Stepped):
            self._running[event.plan.cohort_id] = (event.plan, event.step)
        elif isinstance(event, Finished):
            self._finish(event)
        elif isinstance(event, Noted):
            self._console.print(f"[yellow]note[/]  {escape(event.plan.label)}: {escape(event.text)}", soft_wrap=True)
        self._progress.update(
            self._task, completed=self.finished.total(), state=self._state(), left=_left(self.seconds_left())
        )

    def seconds_left(self) -> float | None:
        """Expected time to the end, at the pace so far; None before the first run is finished."""
        done = self.finished.total()
        if not done:
            return None
        under_way = sum(len(plan.wanted) * step / plan.specs[0].steps for plan, step in self._running.values())
        worked = done + 0.9 * min(under_way, self._total - done)  # evaluation is still to come
        return (self._clock() - self._began) * (self._total - worked) / worked

    def _finish(self, event: Finished) -> None:
        told = event.record.run_id in self._ended
        self._ended[event.record.run_id] = event.record.status
        members = self._running.get(event.plan.cohort_id)
        if members is not None and event.record.run_id == _last_wanted(event.plan):
            del self._running[event.plan.cohort_id]
        if told:  # by a worker that died later, with the rest of its cohort to do
            return
        width = len(str(self._total))
        count = f"{self.finished.total():>{width}}/{self._total}"
        self._console.print(rf"\[{count}] {_line(event, self._columns)}", soft_wrap=True)

    def _state(self) -> str:
        failed = self.finished.total() - self.finished["done"]
        running = sum(len(plan.wanted) for plan, _ in self._running.values())
        return f"{self.finished['done']} done, {running} running, {failed} failed"


def _last_wanted(plan: CohortPlan) -> str:
    return next(spec.run_id for spec in reversed(plan.specs) if spec.run_id in plan.wanted)


def _line(event: Finished, columns: Columns) -> str:
    record = event.record
    style = _STYLES.get(record.status, "red")
    what = escape(f"{record.dataset} · {record.method} · seed {record.seed}")
    if event.plan.amends:
        told = list_figures(_added(event)) if record.status == "done" else _last_line(record.error)
        return f"[{style}]{record.status}[/]  {what}  {escape(told)}"
    seconds = (record.train_seconds or 0.0) + (record.eval_seconds or 0.0)
    told = headline(record.evaluation.figures, columns) if record.status == "done" else _last_line(record.error)
    return f"[{style}]{record.status}[/]  {what}  {seconds:.1f} s  {escape(told)}"


def _added(event: Finished) -> dict[str, float]:
    """The figures that a record was to be given."""
    asked = next(spec for spec in event.plan.specs if spec.run_id == event.record.run_id)
    columns = [column for name in asked.added for column in event.record.evaluation.columns.get(name, ())]
    return {column: event.record.evaluation.figures[column] for column in columns}


def _last_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[-1] if lines else ""


def _left(seconds: float | None) -> str:
    if seconds is None:
        return "time left unknown"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"
