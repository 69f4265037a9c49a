"""A resolved suite of any kind: what to run, and the same as data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bench.identity import digest
from bench.spec import WorkSpec
from bench.suite.schema import DatasetEntry, LoggerEntry

if TYPE_CHECKING:
    import pandas as pd


class Results(Protocol):
    """What the runs of a suite have given so far."""

    def __call__(self) -> pd.DataFrame:
        """Read the rows that are there now, one a run, as `bench.load` gives them."""


@dataclass(frozen=True, kw_only=True)
class Suite(ABC):
    """A suite of any kind, with budgets and settings of the call applied.

    Attributes:
        name: its name, which names its folder of results.
        title: one line for people.
        seeds: seeds of its runs.
        plugins: absolute paths of its plugin files, already imported here.
        budget: the budget that was asked for, or None.
        loggers: tools that are told of finished runs; no part of what a run is.
    """

    name: str
    title: str
    seeds: tuple[int, ...]
    plugins: tuple[Path, ...] = ()
    budget: str | None = None
    loggers: tuple[LoggerEntry, ...] = ()

    @abstractmethod
    def runs(self) -> Sequence[WorkSpec]:
        """Every run that is known before any is done, in the order in which they are to be done.

        Raises:
            BenchError: if the files of a dataset can neither be found nor fetched.
        """

    def stages(self, results: Results) -> Iterator[Sequence[WorkSpec]]:
        """Batches of runs, each to be done before the next is asked for: it may depend on what they gave.

        By default there is one batch, of all runs.

        Args:
            results: gives the rows that are there when it is called.

        Raises:
            BenchError: as `runs`.
        """
        yield self.runs()

    def plan_id(self) -> str:
        """Hash of the ids of all runs that are known before any is done: equal for equal plans.

        Raises:
            BenchError: as `runs`.
        """
        return digest({"plan": sorted(spec.run_id for spec in self.runs())})

    @property
    def is_staged(self) -> bool:
        """Whether there may be more than one batch."""
        return type(self).stages is not Suite.stages

    def choices(self, rows: pd.DataFrame) -> Mapping[str, Any]:
        """What was chosen from results, as plain values to be kept beside them; empty where nothing was.

        Args:
            rows: the rows that are there.
        """
        return {}

    @abstractmethod
    def to_plain(self) -> dict[str, Any]:
        """The suite as plain values that `load_suite` reads back to the same runs."""

    @property
    def datasets(self) -> tuple[DatasetEntry, ...]:
        """The datasets that it needs, in order."""
        return ()

    @property
    def extractors(self) -> tuple[str, ...]:
        """The feature extractors that it chooses by name, in order."""
        return ()
