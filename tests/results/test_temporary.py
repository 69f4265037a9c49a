"""Which processes run: neither a thread nor a later process of the same number is the one meant."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from bench.results.temporary import is_running, process_mark


@pytest.fixture
def thread() -> Iterator[int]:
    """The number of a thread that waits."""
    ended = threading.Event()
    waiting = threading.Thread(target=ended.wait)
    waiting.start()
    assert waiting.native_id is not None
    yield waiting.native_id
    ended.set()
    waiting.join()


def test_this_process_runs() -> None:
    assert is_running(os.getpid())
    assert is_running(os.getpid(), process_mark(os.getpid()))


def test_no_process_has_a_number_above_the_highest() -> None:
    assert not is_running(2**22 + 1)


@pytest.mark.skipif(sys.platform != "linux", reason="marks are read from /proc")
def test_a_process_that_was_begun_at_another_time_is_another() -> None:
    assert not is_running(os.getpid(), "an earlier start")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no numbers among those of processes")
def test_a_thread_is_no_process(thread: int) -> None:
    os.kill(thread, 0)  # says nothing
    assert not is_running(thread)
