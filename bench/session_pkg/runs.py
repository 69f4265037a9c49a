"""One command's work on one suite: what is planned, what is done, what is missing."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bench.errors import BenchError
from bench.launch import CohortPlan, Display, Estimates, WorkOptions, estimate, plan_cohorts, run_inline, run_on_ray
from bench.launch import total_seconds as expected_seconds
from bench.registry import load_entry_points
from bench.results import STATUSES, RunStore, compact, load_runs
from bench.spec import WorkSpec
from bench.suite import Suite, dump_suite, load_suite

RETRIED = tuple(status for status in STATUSES if status != "done")


@dataclass(frozen=True)
class Launch:
    """Where the runs are to be executed; nothing here changes a result.

    Attributes:
        inline: in this process, without ray.
        address: a running ray cluster; None for ray on this machine.
        checkpoint_seconds: least time between two checkpoints of a cohort.
    """

    inline: bool = False
    address: str | None = None
    checkpoint_seconds: float = 30.0


@dataclass(frozen=True)
class Session:
    """A suite beside the results it has so far.

    Attributes:
        suite: as resolved.
        store: its folder.
        specs: all its runs.
        plans: cohorts that hold the missing ones.
        estimates: what earlier runs took.
        again: ids of finished runs that are to be run again.
    """

    suite: Suite
    store: RunStore
    specs: tuple[WorkSpec, ...]
    plans: tuple[CohortPlan, ...]
    estimates: Estimates
    again: frozenset[str] = frozenset()

    @property
    def to_do(self) -> int:
        """Number of runs whose records are missing."""
        return sum(len(plan.wanted) for plan in self.plans)

    def summary(self) -> str:
        """The plan in one line: runs done, failed, to do, and an estimate."""
        counts = Counter(_statuses(self.store, self.specs).values())
        failed = counts.total() - counts["done"]
        seconds = expected_seconds(self.plans, self.estimates, os.cpu_count() or 1)
        time_left = "" if not self.to_do else f", {_duration(seconds)}"
        return (
            f"{self.suite.name}: {len(self.specs)} runs: {counts['done']} done, {failed} failed, "
            f"{self.to_do} to do{time_left}"
        )

    def execute(self, launch: Launch, console: Console) -> None:
        """Execute what is missing and compact the results; an interruption passes through once they are."""
        for run_id in self.again:
            self.store.remove(run_id)
        _label(self.store, self.specs)
        self.store.root.mkdir(parents=True, exist_ok=True)
        dump_suite(self.suite, self.store.root / "suite.yaml")
        try:
            if self.plans:
                self._launch(launch, console)
        finally:
            self.store.tidy()
            compact(self.store.root)

    def results(self) -> pd.DataFrame:
        """The suite's rows, those of this session's runs only."""
        runs = load_runs(self.store.root)
        return runs[runs["run_id"].isin({spec.run_id for spec in self.specs})].reset_index(drop=True)

    def _launch(self, launch: Launch, console: Console) -> None:
        options = WorkOptions(launch.checkpoint_seconds)
        with Display(self.plans, console, time.monotonic) as display:
            if launch.inline:
                run_inline(self.plans, self.store, options, display.show)
            else:
                run_on_ray(
                    self.plans, self.store, options, display.show, estimates=self.estimates, address=launch.address
                )


def prepare(
    suite: str | Path | Mapping[str, Any],
    *,
    out: str | Path = "results",
    budget: str | None = None,
    seeds: int | Sequence[int] | None = None,
    settings: Mapping[str, Any] | None = None,
    retry: Iterable[str] = (),
) -> Session:
    """Read a suite and hold it against its results; starts and writes nothing.

    Args:
        suite: path of a suite file, or its content.
        out: folder of all results; the suite's are in `<out>/<name>`.
        budget: name of a budget of the suite.
        seeds: number of seeds, or a list of them, in place of the suite's.
        settings: dotted keys to set over everything else.
        retry: statuses to run again, such as "failed".

    Raises:
        BenchError: if the suite is wrong, data is missing or a status is unknown.
    """
    load_entry_points()
    wrong = sorted(set(retry) - set(RETRIED))
    if wrong:
        raise BenchError(f"--retry: found '{wrong[0]}'; expected any of {', '.join(RETRIED)}")
    resolved = load_suite(suite, budget=budget, seeds=seeds, settings=settings)
    specs = tuple(resolved.runs())
    store = RunStore(Path(out) / resolved.name)
    again = frozenset(run_id for run_id, status in _statuses(store, specs).items() if status in set(retry))
    finished = store.finished() - again
    return Session(resolved, store, specs, tuple(plan_cohorts(specs, finished, store)), estimate(store, specs), again)


def _statuses(store: RunStore, specs: Sequence[WorkSpec]) -> dict[str, str]:
    ids = {spec.run_id for spec in specs}
    rows = store.read(["run_id", "status"]).to_pylist()
    return {row["run_id"]: row["status"] for row in rows if row["run_id"] in ids}


def _label(store: RunStore, specs: Sequence[WorkSpec]) -> None:
    """Finished runs take the labels they have in the suite now."""
    rows = store.read(["run_id", "suite", "method", "dataset"]).to_pylist()
    labels = {row.pop("run_id"): row for row in rows}
    for spec in specs:
        current = {"suite": spec.suite, "method": spec.method, "dataset": spec.dataset}
        if labels.get(spec.run_id, current) != current:
            store.relabel(spec.run_id, suite=spec.suite, method=spec.method, dataset=spec.dataset)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "no estimate yet"
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
