"""Limits on the time of a run that do not depend on its cooperation.

A run that is past its limit is interrupted wherever it is. One that does not come back even then (it hangs in native
code, or swallows every exception) is recorded by the thread that watches it, and its process ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeVar

from bench.execute.interruption import raise_in_thread

T = TypeVar("T")

_GRACE = 10.0
"""Seconds that an interrupted run may take to come back."""
_LOOK = 1.0  # seconds between two looks at what is left
_TRIES = 5  # to interrupt it
_SIGNAL = getattr(signal, "SIGUSR2", None)
EXIT_STUCK = 124
"""Exit status of a process that was ended for a run that does not come back."""


class RunTimeoutError(BaseException):
    """A run is past its limit. No `Exception`, so that a run which catches all of these is ended nevertheless."""


@dataclass
class TimeLimit:
    """What is left of the time that a run may take.

    Attributes:
        seconds: the limit, None for none.
        give_up: records that the run did not come back, given the reason; the process ends after it.
        grace: seconds that an interrupted run may take to come back.
        spent: seconds that do not count any more.
    """

    seconds: float | None
    give_up: Callable[[str], None]
    grace: float = _GRACE
    spent: float = 0.0

    def count(self, seconds: float) -> None:
        """Take in what earlier processes spent on the run, also while it is guarded."""
        self.spent += seconds

    def run(self, what: str, work: Callable[[], T]) -> T:
        """Do something, unless the time is over before it ends.

        It is no context manager: an interruption that arrives as a block ends can leave its `__exit__` uncalled.

        Args:
            what: what it is, for the reason.
            work: does it.

        Raises:
            RunTimeoutError: if the time is over.
        """
        if self.seconds is None:
            return work()
        began, limit = time.monotonic(), self.seconds
        reason = f"the run took more than {limit:g} s, its limit (resources.timeout): it was in {what}"
        watch = _Watch(lambda: limit - self.spent - (time.monotonic() - began), self.grace, reason, self.give_up)
        before = _hear()
        try:
            return _watched(watch, work)
        except RunTimeoutError as error:
            raise RunTimeoutError(f"{reason}{_place(traceback.extract_tb(error.__traceback__))}") from None
        finally:
            _stop_hearing(before)
            self.spent += time.monotonic() - began


def _watched(watch: _Watch, work: Callable[[], T]) -> T:
    """Work under a watch, which ends whatever instruction is interrupted: even one that ends it."""
    watch.begin()
    try:
        try:
            result = work()
        finally:
            watch.stop()
    except RunTimeoutError:
        watch.stop()
        raise
    except BaseException:
        watch.stop()
        watch.await_interruption()
        raise
    watch.await_interruption()
    return result


class _Watch:
    """A thread that waits for the end of a block, and interrupts the thread that is in it if that does not come."""

    def __init__(self, left: Callable[[], float], grace: float, reason: str, give_up: Callable[[str], None]) -> None:
        self._time_left, self._grace, self._reason, self._give_up = left, grace, reason, give_up
        self._watched = threading.current_thread()
        self._lock = threading.Lock()
        self._interrupted = self._left = False
        self._ended = threading.Event()

    def begin(self) -> None:
        """Start to wait."""
        threading.Thread(target=self._wait, daemon=True, name="bench time limit").start()

    def stop(self) -> None:
        """Send nothing any more; doing so again changes nothing."""
        self._left = True
        with self._lock:  # whatever is being sent is sent
            self._ended.set()

    def await_interruption(self) -> None:
        """Let what was sent arrive here, and in nothing that follows.

        Raises:
            RunTimeoutError: if something was sent: it may have been lost.
        """
        if self._interrupted:
            for _ in range(20):
                time.sleep(0.001)
            raise RunTimeoutError

    def _wait(self) -> None:
        while (seconds := self._time_left()) > 0:
            if self._ended.wait(min(seconds, _LOOK)):
                return
        for _ in range(_TRIES):  # one that arrives in a finaliser or a callback of the interpreter's is lost
            with self._lock:
                if self._left:
                    return
                self._interrupted = True
                _interrupt(self._watched)
            if self._ended.wait(self._grace / _TRIES):
                return
        if not self._left:
            frame = sys._current_frames().get(self._watched.ident or 0)
            self._give_up(f"{self._reason}{_place(traceback.extract_stack(frame))}, and did not react to being stopped")
            os._exit(EXIT_STUCK)


def _interrupt(thread: threading.Thread) -> None:
    """Raise `RunTimeoutError` in another thread: by a signal in the main one, which ends waiting too."""
    if thread.ident is None:
        return
    if thread is threading.main_thread() and _SIGNAL is not None:
        signal.pthread_kill(thread.ident, _SIGNAL)
        return
    raise_in_thread(thread.ident, RunTimeoutError)


def _hear() -> Any:  # noqa: ANN401 - typeshed's type of handlers has no name
    """Let the main thread be interrupted by a signal of its own; other threads are interrupted otherwise."""
    if threading.current_thread() is not threading.main_thread() or _SIGNAL is None:
        return None

    def stop(number: int, frame: FrameType | None) -> None:
        raise RunTimeoutError

    return signal.signal(_SIGNAL, stop)


def _stop_hearing(before: Any) -> None:  # noqa: ANN401
    """Put the handler back that `_hear` found."""
    if before is not None and _SIGNAL is not None:
        signal.signal(_SIGNAL, before)


def _place(stack: traceback.StackSummary) -> str:
    """Where it was, as ", at metrics.py:12 in measure"."""
    inside = [frame for frame in stack if frame.filename != __file__]
    return f", at {inside[-1].filename}:{inside[-1].lineno} in {inside[-1].name}" if inside else ""
