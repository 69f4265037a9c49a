"""A suite beside its results: plan a stage, launch what it lacks, ask for the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bench.datasets import load_dataset
from bench.dictionary import declared_columns
from bench.errors import ArgumentError, BenchError
from bench.launch import (
    CohortPlan,
    Logger,
    Options,
    Shard,
    count_cores,
    estimate,
    make_loggers,
    require_loggers,
    total_seconds,
)
from bench.metrics import ESTIMATORS, Estimator, extractor_for
from bench.registry import load_entry_points
from bench.results import (
    Rows,
    RunStore,
    Snapshot,
    StorageError,
    compact,
    hold_lock,
    keep_history,
    plan_files,
    read_snapshot,
    restore_plan,
    write_plan,
)
from bench.session.carry_out import carry_out, duration
from bench.session.choices import keep_choices
from bench.session.recorded import find_superseded
from bench.session.stage import WEIGHTS, Stage, check_retry, plan_stage
from bench.spec import CalibrationSpec, ReferenceSpec, RunSpec, WorkSpec
from bench.statuses import Status
from bench.suite import Suite, load_suite, resolved_text

_LABELS = ("suite", "method", "dataset")
_WAITING = (
    "what comes next depends on runs of other shards that have no result yet; "
    "the same command goes on once those are done"
)


class RunSession:
    """One command's work on a suite.

    Args:
        suite: as resolved.
        store: the folder of its results.
        retry: what to run again; see `check_retry`.
        references: whether rows of real data are wanted beside the runs.
        shard: the part of the plan to do; all by default.

    Attributes:
        stage: the stage that is next to be launched.
        snapshot: what is in the store.
    """

    def __init__(
        self, suite: Suite, store: RunStore, retry: frozenset[str], *, references: bool, shard: Shard | None = None
    ) -> None:
        self.suite = suite
        self.store = store
        self.shard = shard
        self.snapshot: Snapshot = read_snapshot(store, whole=True)
        self._retry = retry
        self._references = references
        self._stages: Iterator[Sequence[WorkSpec]] = suite.stages(lambda: self.snapshot.runs.frame)
        self._planned: list[WorkSpec] = []
        self._mine: list[WorkSpec] = []
        self._launched = False
        self._before: Mapping[str, bytes | None] | None = None
        self.stage: Stage = self._plan(next(self._stages, ()))

    @property
    def specs(self) -> tuple[WorkSpec, ...]:
        """All runs of the stages so far; those of this session's shard, if it has one."""
        return tuple(self._mine)

    def summary(self) -> str:
        """The plan in one line: runs done, failed, to do, and an estimate."""
        stage, counts = self.stage, self.stage.statuses
        estimates = self._estimates()
        seconds = total_seconds(stage.plans, estimates, count_cores())
        told = f" ({stage.trained} of them trained already)" if stage.trained else ""
        rows = f" and {stage.references_to_do} of real data for reference" if stage.references_to_do else ""
        time_left = f", {duration(seconds)}" if stage.to_do else ""
        failed = counts.total() - counts[Status.DONE]
        part = "" if self.shard is None else f"{self.shard}: "
        hint = " (--retry failed runs them again)" if counts[Status.FAILED] and not self._retry else ""
        what = "search runs" if stage.is_search else "runs"
        return (
            f"{self.suite.name}: {part}{len(stage.specs)} {what}: {counts[Status.DONE]} done, {failed} failed{hint}, "
            f"{stage.to_do} to do{told}{rows}{time_left}"
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the results while the block lasts, for this shard where there are shards.

        Raises:
            LockedError: if another command holds the lock.
            StorageError: if the folder cannot be written.
        """
        with hold_lock(self.store.folder, "" if self.shard is None else self.shard.slug):
            yield

    def execute(self, options: Options, console: Console) -> None:
        """Execute what is missing, stage by stage, and compact; an interruption passes through once that is done.

        Raises:
            ArgumentError: if weights are to be made again, but none are to be kept.
            BenchError: if the runs cannot be launched, or the results cannot be written.
        """
        if WEIGHTS in self._retry and not options.keep_weights:
            raise ArgumentError("--retry weights and --no-weights exclude each other; leave one out")
        self.store.sweep()
        self._archive()
        try:
            while True:
                self._launch(options, console)
                if self._waits_for_shards():
                    console.print(_WAITING, markup=False, soft_wrap=True)
                    break
                specs = next(self._stages, None)
                if specs is None:
                    break
                self.stage = self._plan(specs)
                console.print(self.summary(), markup=False, soft_wrap=True)
        finally:
            self._conclude()
        for line in keep_choices(self.suite, self.snapshot.runs.frame, self.store):
            console.print(line, markup=False, soft_wrap=True)

    def results(self) -> pd.DataFrame:
        """The suite's rows, those of this session's runs only."""
        runs = self.snapshot.runs.frame
        return runs[runs["run_id"].isin({spec.run_id for spec in self.specs})].reset_index(drop=True)

    def _plan(self, specs: Iterable[WorkSpec]) -> Stage:
        stage = plan_stage(specs, self.store, self.snapshot, self._retry, references=self._references, shard=self.shard)
        _require_validation(stage.specs)
        _try_extractors(stage.specs)
        _require_estimators(stage.plans)
        self._planned += stage.whole
        self._mine += stage.specs
        return stage

    def _waits_for_shards(self) -> bool:
        """Whether a further stage, which may depend on all that this one gives, has to wait for other shards."""
        if self.shard is None or not self.suite.is_staged:
            return False
        return not {spec.run_id for spec in self.stage.whole} <= self.snapshot.finished

    def _launch(self, options: Options, console: Console) -> None:
        plans = (*self.stage.plans, *self.stage.reference_plans)
        if not plans:
            return
        self.store.require_writable()
        keep_history(self.store, self.snapshot.runs.frame, frozenset().union(*(plan.again for plan in plans)))
        self._launched = True
        self._before = self._before or plan_files(self.store)
        self._keep_plan()  # before the first run: who asks how it is getting on needs it
        try:
            carry_out(plans, self.store, options, console, self._estimates(), self._loggers(options))
        finally:
            self.snapshot = read_snapshot(self.store, whole=True)

    def _loggers(self, options: Options) -> Mapping[str, Logger]:
        named = {entry.name: entry.options for entry in self.suite.loggers} if options.log else {}
        return make_loggers(named, self.store)

    def _keep_plan(self) -> None:
        """Say what the suite stands for now."""
        rows = [(s.run_id, s.dataset, s.method, s.seed, s.variant) for s in self._planned]
        planned = self._planned
        write_plan(self.store, rows, [s.expected_seconds for s in planned], [s.stage for s in planned])
        self.store.write_suite(resolved_text(self.suite, self.store.location))

    def _conclude(self) -> None:
        superseded = find_superseded(self._planned, self.snapshot, self.store.with_weights())
        stale = (*superseded, *_find_stale(self.snapshot, self._planned))
        for run_id in stale:
            self.store.remove(run_id)
        self.snapshot = self.snapshot.drop(stale)
        self._relabel()
        if self.snapshot.runs.statuses.keys() & {spec.run_id for spec in self._planned}:
            self._keep_plan()
        elif self._before is not None:  # nothing came of it: a command that was refused hides nothing
            restore_plan(self.store, self._before)
        if self.shard is None:  # another shard may be about to write there
            self.store.tidy()
        try:
            compact(self.store, self.snapshot, declared_columns())
        except StorageError:
            if self._launched:  # else all is as it was, and can be read without
                raise

    def _archive(self) -> None:
        """Let compacted rows stand alone whose files have gone all together, before new files are made beside them."""
        if self.snapshot.runs.is_bare or self.snapshot.references.is_bare:
            compact(self.store, self.snapshot, declared_columns(), standalone=True)
            self.snapshot = read_snapshot(self.store, whole=True)

    def _relabel(self) -> None:
        """Give finished runs and rows of real data the labels that they have in the suite now."""
        wanted = {spec.run_id: {name: str(getattr(spec, name)) for name in _LABELS} for spec in self._planned}
        both = (self.snapshot.runs, self.snapshot.references)
        self.snapshot = Snapshot(*(self._give_labels(rows, wanted) for rows in both))

    def _give_labels(self, rows: Rows, wanted: Mapping[str, Mapping[str, str]]) -> Rows:
        found = rows.frame[["run_id", *_LABELS]].itertuples(index=False, name=None)
        changed = {i: wanted[i] for i, *own in found if i in wanted and own != [*wanted[i].values()]}
        for run_id in changed.keys() & rows.files.keys():
            self.store.relabel(run_id, dict(changed[run_id]))
        return rows.relabel(changed)

    def _estimates(self) -> Mapping[tuple[str, str], tuple[float, float]]:
        return estimate([self.snapshot.runs.frame, self.snapshot.references.frame], self.stage.specs)


def prepare(
    suite: str | Path | Mapping[str, Any],
    *,
    out: str | Path = "results",
    budget: str | None = None,
    seeds: int | Sequence[int] | None = None,
    settings: Mapping[str, Any] | None = None,
    retry: Iterable[str] = (),
    references: bool = True,
    shard: Shard | None = None,
) -> RunSession:
    """Read a suite and hold it against its results; starts and writes nothing.

    Args:
        suite: path of a suite file, or its content.
        out: folder of all results; the suite's are in `<out>/<name>`.
        budget: name of a budget of the suite.
        seeds: number of seeds, or a list of them, in place of the suite's.
        settings: dotted keys to set over everything else.
        retry: statuses to run again, such as "failed", or "weights".
        references: whether rows of real data are wanted beside the runs.
        shard: the part of the plan to do; all by default.

    Raises:
        BenchError: if the suite is wrong, data, weights or a logger's package are missing, or a status is unknown.
    """
    load_entry_points()
    retried = check_retry(tuple(retry))
    resolved = load_suite(suite, budget=budget, seeds=seeds, settings=settings)
    require_loggers(entry.name for entry in resolved.loggers)
    store = RunStore.within(out, resolved.name)
    return RunSession(resolved, store, retried, references=references, shard=shard)


def _require_validation(specs: Sequence[WorkSpec]) -> None:
    """See that there are validation examples wherever figures are to be measured on them.

    Raises:
        BenchError: if a dataset has none.
    """
    asked = [spec for spec in specs if isinstance(spec, RunSpec) and spec.evaluation.split == "validation"]
    for spec in {spec.dataset: spec for spec in asked}.values():
        load_dataset(spec.dataset_name, **spec.dataset_parameters).validated()


def _try_extractors(specs: Sequence[WorkSpec]) -> None:
    """Have each feature extractor that runs name take an example of their data: now, and not after hours of training.

    Raises:
        BenchError: if its weights cannot be had, or it cannot take the examples.
    """
    named = [spec for spec in specs if isinstance(spec, RunSpec) and spec.evaluation.extractor is not None]
    for spec in {(spec.dataset, spec.evaluation.extractor): spec for spec in named}.values():
        extractor_for(load_dataset(spec.dataset_name, **spec.dataset_parameters), spec.evaluation.extractor)


def _require_estimators(plans: Sequence[CohortPlan]) -> None:
    """See that what the estimators of missing runs need is installed: once, and not in each of a thousand runs.

    Raises:
        BenchError: if something is not; it says how to install it, and how to do without.
    """
    specs = [spec for plan in plans if isinstance(spec := plan.specs[0], CalibrationSpec)]
    faults = {name: _find_fault(ESTIMATORS[name]) for name in dict.fromkeys(spec.estimator for spec in specs)}
    told = [fault for fault in dict.fromkeys(faults.values()) if fault]
    if told:
        lacking = ", ".join(dict.fromkeys(spec.method for spec in specs if faults[spec.estimator]))
        raise BenchError("\n".join([*told, f"or do without: add {{estimator: [{lacking}]}} to the suite's `exclude`"]))


def _find_fault(estimator: Estimator) -> str:
    try:
        if estimator.require is not None:
            estimator.require()
    except BenchError as error:
        return str(error)
    return ""


def _find_stale(snapshot: Snapshot, planned: Sequence[WorkSpec]) -> list[str]:
    """Ids of rows of real data that others stand for now, measured as the runs are."""
    wanted = {spec.run_id for spec in planned if isinstance(spec, ReferenceSpec)}
    rows = snapshot.references.frame
    if rows.empty or not wanted:
        return []
    mine = rows["run_id"].isin(wanted)
    done = rows[mine & (rows["status"] == Status.DONE)]
    places = set(zip(done["dataset"], done["seed"], strict=True))
    others = rows[~mine]
    found = zip(others["run_id"], others["dataset"], others["seed"], strict=True)
    return [run_id for run_id, dataset, seed in found if (dataset, seed) in places]
