"""A suite beside its results: what is planned, what is done, what is missing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bench.datasets import load_dataset
from bench.errors import BenchError
from bench.launch import CohortPlan, Estimates, estimate, plan_cohorts
from bench.launch import total_seconds as expected_seconds
from bench.metrics import extractor_for
from bench.registry import load_entry_points
from bench.results import RunStore, compact, load_runs
from bench.session.launching import Launch, carry_out, duration
from bench.session.recorded import adoptions, superseded
from bench.spec import AdoptionSpec, ReferenceSpec, RunSpec, WorkSpec
from bench.status import RETRIED
from bench.suite import Suite, dump_suite, load_suite
from bench.suite.references import references as references_of


@dataclass(frozen=True)
class Session:
    """A suite beside the results it has so far.

    Attributes:
        suite: as resolved.
        store: its folder.
        specs: all its runs.
        plans: cohorts that hold the missing ones.
        references: rows of real data, which are wanted beside the runs.
        reference_plans: cohorts that hold the missing ones of these.
        estimates: what earlier runs took.
        again: ids of finished runs that are to be run again.
    """

    suite: Suite
    store: RunStore
    specs: tuple[WorkSpec, ...]
    plans: tuple[CohortPlan, ...]
    references: tuple[ReferenceSpec, ...]
    reference_plans: tuple[CohortPlan, ...]
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
        references = sum(len(plan.wanted) for plan in self.reference_plans)
        trained = sum(len(plan.wanted) for plan in self.plans if isinstance(plan.specs[0], AdoptionSpec))
        told = f" ({trained} of them trained already)" if trained else ""
        rows = f" and {references} of real data for reference" if references else ""
        time_left = f", {duration(seconds)}" if self.to_do else ""
        return (
            f"{self.suite.name}: {len(self.specs)} runs: {counts['done']} done, {failed} failed, "
            f"{self.to_do} to do{told}{rows}{time_left}"
        )

    def execute(self, launch: Launch, console: Console) -> None:
        """Execute what is missing and compact the results; an interruption passes through once they are."""
        adopted = {spec.recorded_as for plan in self.plans for spec in plan.specs if isinstance(spec, AdoptionSpec)}
        failed_references = {run_id for plan in self.reference_plans for run_id in plan.wanted}
        for run_id in (self.again - adopted) | failed_references:
            self.store.remove(run_id)
        _label(self.store, self.specs)
        self.store.root.mkdir(parents=True, exist_ok=True)
        dump_suite(self.suite, self.store.root / "suite.yaml")
        try:
            plans = (*self.plans, *self.reference_plans)
            if plans:
                carry_out(plans, self.store, launch, console, self.estimates)
        finally:
            for run_id in (*superseded(self.specs, self.store), *_stale(self.store, self.references)):
                self.store.remove(run_id)
            self.store.tidy()
            compact(self.store.root)

    def results(self) -> pd.DataFrame:
        """The suite's rows, those of this session's runs only."""
        runs = load_runs(self.store.root)
        return runs[runs["run_id"].isin({spec.run_id for spec in self.specs})].reset_index(drop=True)


def prepare(
    suite: str | Path | Mapping[str, Any],
    *,
    out: str | Path = "results",
    budget: str | None = None,
    seeds: int | Sequence[int] | None = None,
    settings: Mapping[str, Any] | None = None,
    retry: Iterable[str] = (),
    references: bool = True,
) -> Session:
    """Read a suite and hold it against its results; starts and writes nothing.

    Args:
        suite: path of a suite file, or its content.
        out: folder of all results; the suite's are in `<out>/<name>`.
        budget: name of a budget of the suite.
        seeds: number of seeds, or a list of them, in place of the suite's.
        settings: dotted keys to set over everything else.
        retry: statuses to run again, such as "failed".
        references: whether rows of real data are wanted beside the runs.

    Raises:
        BenchError: if the suite is wrong, data or weights are missing or a status is unknown.
    """
    load_entry_points()
    wrong = sorted(set(retry) - set(RETRIED))
    if wrong:
        raise BenchError(f"--retry: found '{wrong[0]}'; expected any of {', '.join(RETRIED)}")
    resolved = load_suite(suite, budget=budget, seeds=seeds, settings=settings)
    specs = tuple(resolved.runs())
    _try_extractors(specs)
    store = RunStore(Path(out) / resolved.name)
    rows = references_of(specs) if references else ()
    beside = _statuses(store, rows, references=True)
    again = frozenset(run_id for run_id, status in _statuses(store, specs).items() if status in set(retry))
    finished = store.finished() - again - {run_id for run_id, status in beside.items() if status != "done"}
    adopted = adoptions(specs, finished, store)
    finished_or_trained = finished | {spec.run_id for spec in adopted}
    plans = (*plan_cohorts(adopted, finished, store), *plan_cohorts(specs, finished_or_trained, store))
    reference_plans = tuple(plan_cohorts(rows, finished, store))
    return Session(resolved, store, specs, plans, rows, reference_plans, estimate(store, specs), again)


def _try_extractors(specs: Sequence[WorkSpec]) -> None:
    """Have each feature extractor that runs name take an example of their data: now, and not after hours of training.

    Raises:
        BenchError: if its weights cannot be had, or it cannot take the examples.
    """
    named = [spec for spec in specs if isinstance(spec, RunSpec) and spec.evaluation.extractor is not None]
    for spec in {(spec.dataset, spec.evaluation.extractor): spec for spec in named}.values():
        extractor_for(load_dataset(spec.dataset_name, **spec.dataset_parameters), spec.evaluation.extractor)


def _statuses(store: RunStore, specs: Sequence[WorkSpec], *, references: bool = False) -> dict[str, str]:
    ids = {spec.run_id for spec in specs}
    rows = store.read(["run_id", "status"], references=references).to_pylist()
    return {row["run_id"]: row["status"] for row in rows if row["run_id"] in ids}


def _stale(store: RunStore, rows: Sequence[ReferenceSpec]) -> list[str]:
    """Ids of rows of real data that others stand for now, measured as the runs are."""
    wanted = {row.run_id for row in rows}
    found = store.read(["run_id", "dataset", "seed", "status"], references=True).to_pylist()
    places = {(row["dataset"], row["seed"]) for row in found if row["run_id"] in wanted and row["status"] == "done"}
    return [row["run_id"] for row in found if row["run_id"] not in wanted and (row["dataset"], row["seed"]) in places]


def _label(store: RunStore, specs: Sequence[WorkSpec]) -> None:
    """Finished runs take the labels they have in the suite now."""
    rows = store.read(["run_id", "suite", "method", "dataset"]).to_pylist()
    labels = {row.pop("run_id"): row for row in rows}
    for spec in specs:
        current = {"suite": spec.suite, "method": spec.method, "dataset": spec.dataset}
        if labels.get(spec.run_id, current) != current:
            store.relabel(spec.run_id, suite=spec.suite, method=spec.method, dataset=spec.dataset)
