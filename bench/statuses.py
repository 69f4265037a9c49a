"""How a run can end: declared once, for the store, the command line and the report."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """How a run ended. Every status but `interrupted` is a result."""

    DONE = "done"
    DIVERGED = "diverged"
    FAILED = "failed"
    OUT_OF_MEMORY = "out_of_memory"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"

    @property
    def label(self) -> str:
        """What people are told."""
        return self.value.replace("_", " ")

    @property
    def is_result(self) -> bool:
        """Whether it says something about the run; an interrupted run is run again."""
        return self is not Status.INTERRUPTED

    @property
    def is_accident(self) -> bool:
        """Whether somebody should look at it: a run that diverges has told what it had to tell."""
        return self in (Status.FAILED, Status.OUT_OF_MEMORY, Status.TIMEOUT)

    @property
    def exit_status(self) -> int:
        """Exit status of a command that has such a run."""
        if self is Status.INTERRUPTED:
            return 130
        return int(self.is_accident)


SEARCH_STAGE: Final = "search"
"""Stage of the runs that settings are chosen by; the runs that are compared have none."""
RUNG_STAGE: Final = "rung"
"""Stage of the shorter runs that decide which trials of a search are trained in full."""
SEARCH_STAGES: Final = (RUNG_STAGE, SEARCH_STAGE)
"""Stages of a search, in the order in which they run."""
MAIN_STAGE: Final = "main"
"""What the others are asked for by."""
RESULTS: tuple[Status, ...] = tuple(status for status in Status if status.is_result)
"""The statuses that records have, in the order of printing."""
RETRIED: tuple[Status, ...] = tuple(status for status in RESULTS if status is not Status.DONE)
"""The statuses that a run can be run again for."""
