"""Feeds loggers with finished runs, beside the launch: a slow server must not hold up the scheduler."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Mapping
from types import TracebackType

from bench.errors import BenchError
from bench.launch.loggers.logger import Logger
from bench.results import RunStore

_GIVE_UP = 3
"""Runs in a row that a logger may fail on before it is told of no more."""
_PATIENCE = 10.0
"""Seconds that an interrupted command waits for what is still to be logged."""


class Feed:
    """Reads the record of each finished run and hands it to all loggers, in a thread of its own.

    The events that tell of finished runs leave curves out; the store has them. What a logger raises is kept for the
    end: the runs go on.

    Args:
        loggers: by name.
        store: the suite's results.
    """

    def __init__(self, loggers: Mapping[str, Logger], store: RunStore) -> None:
        self._loggers = loggers
        self._store = store
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True, name="bench loggers")
        self._faults: dict[str, str] = {}
        self._missed: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._left = 0
        self._stopped = False

    def __enter__(self) -> Feed:
        """Let the loggers begin.

        Raises:
            BenchError: if one cannot.
        """
        for name, logger in self._loggers.items():
            try:
                logger.begin(self._store.name)
            except BenchError:
                raise
            except Exception as error:
                reason = f"{type(error).__name__}: {error}".partition("\n")[0]
                raise BenchError(
                    f"loggers: {name} cannot begin ({reason}); mend that, or take it out of the suite's `loggers`"
                ) from error
        if self._loggers:
            self._thread.start()
        return self

    def tell(self, run_id: str) -> None:
        """A run's record is in place."""
        if self._loggers:
            self._left += 1
            self._waiting.put(run_id)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        if self._loggers:
            self._thread.join(None if kind is None else _PATIENCE)
        self._stopped = True

    @property
    def problems(self) -> list[str]:
        """What loggers could not do, a line each."""
        told = [
            f"{name}: {self._missed[name]} runs could not be logged ({fault}); they are in the results all the same"
            for name, fault in self._faults.items()
        ]
        if self._left:
            told.append(
                f"{self._left} runs were not logged, since the command was interrupted; they are in the results"
            )
        return told

    def _work(self) -> None:
        while (run_id := self._waiting.get()) is not None and not self._stopped:
            for name in self._loggers:
                self._log(name, run_id)
            self._left -= 1
        for name, logger in self._loggers.items():
            try:
                logger.finish()
            except Exception as error:
                self._faults.setdefault(name, f"at its end: {type(error).__name__}: {error}")

    def _log(self, name: str, run_id: str) -> None:
        if self._in_a_row[name] >= _GIVE_UP:
            self._missed[name] += 1
            return
        try:
            self._loggers[name].log(self._store.record(run_id))
        except Exception as error:
            self._missed[name] += 1
            self._in_a_row[name] += 1
            self._faults.setdefault(name, f"{type(error).__name__}: {error}".partition("\n")[0])
        else:
            self._in_a_row[name] = 0
