"""How often a cohort was begun, and what of it was done: a file that outlives the process."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bench.results import StorageError, StoredFile, host_name, is_running, process_mark

_SILENCE = 900.0  # seconds after which a process of another machine is taken to be gone

MAX_ATTEMPTS = 3
"""Times that a cohort may kill its process without getting any further."""
SIGN_SECONDS = 10.0
"""Time between two signs of life at the least."""


class BusyError(Exception):
    """Another command works on the cohort; it is to be looked at again later."""


@dataclass(frozen=True)
class Attempt:
    """One time that a cohort was begun.

    Attributes:
        launch: the launch that it was begun by.
        host: the machine.
        pid: the process.
        progress: what told the checkpoint's version then.
        done: ids of the runs that it recorded.
        untold: those among them that nobody was told of, since the process had to end.
        mark: what tells the process from a later one of the same number.
        began: when that was, in seconds since the epoch; what follows is for people too (see `bench status`).
        label: dataset, method and seeds.
        runs: ids of the runs that were to be done.
        steps: how many training steps there are.
        step: how many were done at the last sign of life.
        seen: when that was, in seconds since the epoch.
    """

    launch: str
    host: str = field(default_factory=host_name)
    pid: int = field(default_factory=lambda: os.getpid())
    progress: str = ""
    done: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    mark: str | None = field(default_factory=lambda: process_mark(os.getpid()))
    began: float = field(default_factory=time.time)
    label: str = ""
    runs: tuple[str, ...] = ()
    steps: int = 0
    step: int = 0
    seen: float = 0.0

    def is_under_way(self, heard_of: float) -> bool:
        """Whether its process works on the cohort, as far as can be told from here.

        Args:
            heard_of: when the cohort's checkpoint was written, in seconds since the epoch.
        """
        if self.host == host_name():
            return self.pid != os.getpid() and is_running(self.pid, self.mark)
        return time.time() - max(self.began, heard_of) < _SILENCE

    def has_died(self, progress: str) -> bool:
        """Whether its process has gone without getting any further.

        Args:
            progress: what tells the checkpoint's version now.
        """
        is_here = self.host == host_name()
        got_nowhere = self.progress == progress and not self.done
        return got_nowhere and not (is_here and self.pid != os.getpid() and is_running(self.pid, self.mark))


@dataclass
class Attempts:
    """The attempts at one cohort.

    Attributes:
        file: where they are kept.
        checkpoint: the cohort's checkpoint, which tells whether an attempt got anywhere.
        launch: the present launch.
        over_launches: whether attempts of earlier launches count.
    """

    file: StoredFile
    checkpoint: StoredFile
    launch: str
    over_launches: bool
    _known: list[Attempt] = field(default_factory=list)
    _next_sign: float = 0.0

    def begin(self, label: str = "", runs: Iterable[str] = (), steps: int = 0) -> bool:
        """Count one more; whether there were too many before.

        Args:
            label: dataset, method and seeds, for people.
            runs: ids of the runs that are to be done.
            steps: how many training steps there are.

        Raises:
            BusyError: if a command other than this one works on the cohort.
        """
        with self.file.folder.locked():
            return self._begin(Attempt(self.launch, label=label, runs=tuple(sorted(runs)), steps=steps))

    def _begin(self, attempt: Attempt) -> bool:
        self._known = _parse(self.file.read())
        stamp = self.checkpoint.stamp
        heard_of = stamp.mtime_ns / 1e9 if stamp else 0.0
        for other in self._known:
            if other.launch != self.launch and other.is_under_way(heard_of):
                raise BusyError(f"process {other.pid} on {other.host} works on it")
        progress = str(stamp or "")
        died = [a for a in self._known if a.has_died(progress) and (self.over_launches or a.launch == self.launch)]
        self._known.append(replace(attempt, progress=progress))
        self._keep()
        return len(died) >= MAX_ATTEMPTS

    @property
    def done(self) -> frozenset[str]:
        """Ids of the runs that this launch recorded."""
        return frozenset(run_id for attempt in self._known if attempt.launch == self.launch for run_id in attempt.done)

    @property
    def untold(self) -> tuple[str, ...]:
        """Ids of the runs that this launch recorded without a word."""
        return tuple(run_id for attempt in self._known if attempt.launch == self.launch for run_id in attempt.untold)

    def finish(self, run_id: str) -> None:
        """Remember that a run is recorded: another attempt need not do it again."""
        self._amend(done=(*self._known[-1].done, run_id))

    def finish_untold(self, run_ids: Iterable[str]) -> None:
        """The same of runs that the next attempt is to tell of, as this process ends."""
        last, added = self._known[-1], tuple(run_ids)
        self._amend(done=(*last.done, *added), untold=(*last.untold, *added))

    def tell(self) -> None:
        """Remember that all has been told."""
        self._known = [replace(attempt, untold=()) for attempt in self._known]
        self._keep()

    def advance(self, step: int) -> None:
        """Leave a sign of life, now and then, and when all steps are done; one that cannot be written is left out."""
        if time.monotonic() < self._next_sign and step < self._known[-1].steps:
            return
        self._next_sign = time.monotonic() + SIGN_SECONDS
        with suppress(StorageError):
            self._amend(step=step, seen=time.time())

    def end(self) -> None:
        """Forget them, after an orderly end."""
        self.file.remove()

    def _amend(self, **changed: Any) -> None:  # noqa: ANN401 - fields of an attempt
        self._known[-1] = replace(self._known[-1], **changed)
        self._keep()

    def _keep(self) -> None:
        self.file.write("\n".join(json.dumps(asdict(attempt)) for attempt in self._known).encode())


def _parse(content: bytes | None) -> list[Attempt]:
    try:
        rows = [json.loads(line) for line in (content or b"").decode().splitlines()]
        lists = ("done", "untold", "runs")
        return [Attempt(**(_UNTOLD | row | {name: tuple(row.get(name, ())) for name in lists})) for row in rows]
    except (ValueError, TypeError, KeyError):
        return []


_UNTOLD = {"mark": None, "began": 0.0}
"""What attempts of earlier versions do not say, and what must not be taken from this process in its place."""
