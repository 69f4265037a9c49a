"""Limits of time end what hangs, wherever it hangs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.execute.limit import EXIT_STUCK, RunTimeoutError, TimeLimit

LIMIT = 0.2  # seconds; every block below would last for ever
PATIENCE = 60.0  # far beyond need: a limit that does not work is told instead of waited for


def refuse(reason: str) -> None:
    raise AssertionError(reason)


def compute() -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        sum(range(100))


def sleep() -> None:
    time.sleep(PATIENCE)


def catch_all_exceptions() -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            sum(range(100))
        except Exception:
            continue


def run_guarded(block: Callable[[], None], told: list[str]) -> None:
    try:
        TimeLimit(LIMIT, refuse).run("evaluation", block)
    except RunTimeoutError as error:
        told.append(str(error))


@pytest.fixture(params=["main", "other"])
def run_in(request: pytest.FixtureRequest) -> Callable[[Callable[[], None]], list[str]]:
    """Runs a block in the main thread, or as a worker of Ray does, in another one."""

    def run(block: Callable[[], None]) -> list[str]:
        told: list[str] = []
        if request.param == "main":
            run_guarded(block, told)
            return told
        thread = threading.Thread(target=run_guarded, args=(block, told))
        thread.start()
        thread.join()
        return told

    return run


@pytest.mark.parametrize("block", [compute, catch_all_exceptions])
def test_what_hangs_is_interrupted(
    run_in: Callable[[Callable[[], None]], list[str]], block: Callable[[], None]
) -> None:
    (reason,) = run_in(block)
    assert reason.startswith("the run took more than 0.2 s, its limit (resources.timeout): it was in evaluation, at ")
    assert reason.endswith(f" in {block.__name__}")
    assert __file__ in reason


def test_what_waits_is_interrupted_in_the_main_thread() -> None:
    told: list[str] = []
    run_guarded(sleep, told)
    assert told[0].endswith(" in sleep")


def test_nothing_reaches_beyond_the_block() -> None:
    """Blocks that end as their time does: each is either interrupted or not, and what follows it never is."""
    ended = set()
    for i in range(150):
        end = time.monotonic() + LIMIT / 10 * (0.3 + 1.4 * (i % 50) / 50)  # some well before, some well after

        def wait(end: float = end) -> None:
            while time.monotonic() < end:
                pass

        try:
            TimeLimit(LIMIT / 10, refuse).run("training", wait)
            ended.add("done")
        except RunTimeoutError as error:
            ended.add(str(error).partition(",")[0])
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            pass
    assert ended == {"done", "the run took more than 0.02 s"}


def test_no_limit_starts_nothing() -> None:
    before = threading.active_count()
    assert TimeLimit(None, refuse).run("training", threading.active_count) == before


def test_what_was_spent_counts() -> None:
    limit = TimeLimit(PATIENCE, refuse)
    limit.count(PATIENCE - LIMIT)
    with pytest.raises(RunTimeoutError):
        limit.run("evaluation", compute)


def test_errors_of_the_block_pass() -> None:
    with pytest.raises(ZeroDivisionError):
        TimeLimit(PATIENCE, refuse).run("training", lambda: 1 / 0)


def test_what_does_not_come_back_is_given_up_and_its_process_ends(tmp_path: Path) -> None:
    code = f"""
    import time
    from pathlib import Path
    from bench.execute.limit import TimeLimit

    def swallow():
        end = time.monotonic() + {PATIENCE}
        while time.monotonic() < end:
            try:
                time.sleep(0.01)
            except BaseException:
                continue

    TimeLimit(0.2, Path({str(tmp_path / "told")!r}).write_text, grace=0.2).run("training", swallow)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, timeout=PATIENCE)
    assert ended.returncode == EXIT_STUCK
    told = (tmp_path / "told").read_text()
    assert "it was in training, at <string>" in told
    assert told.endswith("in swallow, and did not react to being stopped")
