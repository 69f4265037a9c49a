"""Limits on the time of a run that do not depend on its cooperation.

A run that is past its limit is interrupted wherever it is. One that does not come back even then (it hangs in native
code, or swallows every exception) is recorded by the thread that watches it, and its process ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

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

    @contextmanager
    def guard(self, what: str) -> Iterator[None]:
        """Interrupt the block when the time is over.

        Args:
            what: what the block does, for the reason.

        Raises:
            RunTimeoutError: if it is.
        """
        if self.seconds is None:
            yield
            return
        began = time.monotonic()
        reason = f"the run took more than {self.seconds:g} s, its limit (resources.timeout): it was in {what}"
        limit = self.seconds
        watch = _Watch(lambda: limit - self.spent - (time.monotonic() - began), self.grace, reason, self.give_up)
        with _hearing_signals():
            try:
                with watch:
                    yield
            except RunTimeoutError as error:
                raise RunTimeoutError(f"{reason}{_place(traceback.extract_tb(error.__traceback__))}") from None
            finally:
                self.spent += time.monotonic() - began


class _Watch:
    """A thread that waits for the end of a block, and interrupts the thread that is in it if that does not come."""

    def __init__(self, left: Callable[[], float], grace: float, reason: str, give_up: Callable[[str], None]) -> None:
        self._time_left, self._grace, self._reason, self._give_up = left, grace, reason, give_up
        self._watched = threading.current_thread()
        self._lock = threading.Lock()
        self._interrupted = self._left = False
        self._ended = threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._wait, daemon=True, name="bench time limit").start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._left = True
        try:
            with self._lock:
                interrupted = self._interrupted
            if interrupted and kind is not RunTimeoutError:
                _await_interruption()
        finally:
            self._ended.set()

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


def _await_interruption() -> None:
    """Let what was sent arrive here, and in nothing that follows the block.

    Raises:
        RunTimeoutError: in any case: it may have been lost.
    """
    for _ in range(20):
        time.sleep(0.001)
    raise RunTimeoutError


def _interrupt(thread: threading.Thread) -> None:
    """Raise `RunTimeoutError` in another thread: by a signal in the main one, which ends waiting too."""
    if thread.ident is None:
        return
    if thread is threading.main_thread() and _SIGNAL is not None:
        signal.pthread_kill(thread.ident, _SIGNAL)
        return
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(RunTimeoutError))


@contextmanager
def _hearing_signals() -> Iterator[None]:
    """Let the main thread be interrupted by a signal of its own; other threads are interrupted otherwise."""
    if threading.current_thread() is not threading.main_thread() or _SIGNAL is None:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise RunTimeoutError

    before = signal.signal(_SIGNAL, stop)
    try:
        yield
    finally:
        signal.signal(_SIGNAL, before)


def _place(stack: traceback.StackSummary) -> str:
    """Where it was, as ", at metrics.py:12 in measure"."""
    inside = [frame for frame in stack if frame.filename != __file__]
    return f", at {inside[-1].filename}:{inside[-1].lineno} in {inside[-1].name}" if inside else ""
