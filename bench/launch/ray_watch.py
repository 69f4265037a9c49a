"""A lost head node: told soon, where Ray would wait for a minute and end the process."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.errors import BenchError
from bench.execute.interruption import raise_in_thread

_EVERY_SECONDS, _PATIENCE_SECONDS, _STUCK_SECONDS = 2.0, 12.0, 15.0


class _LostError(BaseException):
    """Raised in the thread that follows a launch, wherever it is."""


class HeadWatch:
    """Looks after the head node of a cluster.

    Args:
        address: its host and port.
        patience: seconds without an answer after which it is taken to be lost.
    """

    def __init__(self, address: str, patience: float = _PATIENCE_SECONDS) -> None:
        host, _, port = address.rpartition(":")
        self._where = (host, int(port))
        self._patience = patience
        self._over = threading.Event()
        self.message = (
            f"ray's head node at {address} has gone: nothing answers there; finished runs are kept: when it is back, "
            "the same command goes on from here"
        )

    @contextmanager
    def following(self) -> Iterator[None]:
        """While the block runs, a lost head node ends it.

        Raises:
            BenchError: if the head node is lost.
        """
        thread = threading.Thread(target=self._watch, args=(threading.get_ident(),), daemon=True)
        thread.start()
        try:
            yield
        except _LostError:
            raise BenchError(self.message) from None
        finally:
            self._over.set()

    def is_lost(self) -> bool:
        """Whether nothing answers for as long as patience lasts."""
        until = time.monotonic() + self._patience
        while not self._answers():
            if self._over.is_set():
                return False
            if time.monotonic() > until:
                return True
            time.sleep(min(_EVERY_SECONDS, self._patience / 4))
        return False

    def _answers(self) -> bool:
        try:
            socket.create_connection(self._where, timeout=_EVERY_SECONDS).close()
        except OSError:
            return False
        return True

    def _watch(self, thread: int) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            if self.is_lost():
                break
        if self._over.is_set():
            return
        raise_in_thread(thread, _LostError)
        if self._over.wait(_STUCK_SECONDS):
            return
        # stuck in a call of Ray's, which would end the process itself before it returns
        print(f"bench: {self.message}", file=sys.stderr, flush=True)
        os._exit(2)
