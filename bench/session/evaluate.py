"""Results beside metrics that are to be added to them, from the weights that were kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from bench.dictionary import declared_columns
from bench.errors import ArgumentError, BenchError
from bench.launch import CohortPlan, Estimates, Options, count_cores, estimate, plan_cohorts, total_seconds
from bench.metrics import METRICS
from bench.registry import load_entry_points
from bench.results import RunStore, compact, hold_lock, keep_history, open_results, read_snapshot, rows_of_stage
from bench.session.carry_out import carry_out, duration
from bench.session.recorded import Recorded, records_in, shared_fields
from bench.spec import AdditionSpec, ResourceSettings
from bench.statuses import MAIN_STAGE
from bench.suite import import_plugins_of

_PART = "evaluate"
"""What of the results is locked."""


@dataclass(frozen=True)
class EvaluationSession:
    """Metrics to add to the results of a suite.

    Attributes:
        store: the suite's folder.
        metrics: what is asked for.
        plans: cohorts that lack some of it.
        runs: number of models that were trained to the end.
        without_weights: how many of them kept none, so cannot be measured.
        unknown: rows whose settings this version and its plugins do not know, so cannot be measured either.
        estimates: what evaluation took so far.
        replaced: ids of the rows of which figures will be replaced.
        problems: what is wrong with files that are left out.
    """

    store: RunStore
    metrics: tuple[str, ...]
    plans: tuple[CohortPlan, ...]
    runs: int
    without_weights: int
    unknown: int
    estimates: Estimates
    replaced: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    def summary(self) -> str:
        """The plan in one line."""
        to_do = sum(len(plan.wanted) for plan in self.plans)
        seconds = total_seconds(self.plans, self.estimates, count_cores())
        time_left = f", {duration(seconds)} at the most" if to_do and seconds is not None else ""
        lacking = f", {self.without_weights} without weights" if self.without_weights else ""
        lacking += f", {self.unknown} with settings that are unknown here (a plugin's?)" if self.unknown else ""
        return f"{self.store.name}: {self.runs} runs done{lacking}; {to_do} rows to measure{time_left}"

    def execute(self, options: Options, console: Console) -> Counter[str]:
        """Measure what is missing and compact the results; how many rows ended how.

        Raises:
            StorageError: if the results cannot be written; that is found before anything is measured.
            LockedError: if they are in an object store, where another command adds to them.
        """
        if not self.plans:
            return Counter()
        self.store.sweep()
        self.store.require_writable()
        with self._alone():
            if self.replaced:
                keep_history(self.store, read_snapshot(self.store).runs.frame, self.replaced)
            try:
                return carry_out(self.plans, self.store, options, console, self.estimates)
            finally:
                compact(self.store, read_snapshot(self.store, whole=True), declared_columns())

    def _alone(self) -> AbstractContextManager[object]:
        """On a disk each record is locked while it changes; in an object store that cannot be, so all of them are."""
        folder = self.store.folder
        return nullcontext() if folder.root is not None else hold_lock(folder, _PART)

    def require(self, ended: Counter[str]) -> None:
        """Refuse to go on as if all were measured.

        Raises:
            BenchError: if rows could not be measured, or were not reached.
        """
        wanted = sum(len(plan.wanted) for plan in self.plans)
        if ended["done"] < wanted:
            raise BenchError(
                f"{wanted - ended['done']} of {wanted} rows could not be measured and keep the figures that they had; "
                "the lines above say why"
            )


def prepare_evaluation(
    results: str | Path,
    metrics: str | Sequence[str],
    *,
    recompute: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> EvaluationSession:
    """Hold results against metrics; starts and writes nothing.

    Args:
        results: a suite's folder of results.
        metrics: names of the metrics, or one text with commas between them.
        recompute: whether to measure again what is there already, under the protocol's present version.
        settings: dotted keys of the `resources:` block, to set over those that the runs were trained with.

    Raises:
        BenchError: if there are no results, a metric is unknown, or no finished run has kept its weights.
    """
    load_entry_points()
    store, snapshot = open_results(results)
    if store.suite_file is not None:
        import_plugins_of(store.suite_file)
    asked = _parse_metrics(metrics)
    trained = [row for row in records_in(rows_of_stage(snapshot.runs.frame, MAIN_STAGE)) if row.is_done]
    with_weights = store.with_weights()
    kept = [row for row in trained if row.run_id in with_weights and row.run_id in snapshot.runs.files]
    if not kept:
        raise BenchError(
            f"{store.location}: none of its {len(trained)} finished models has its weights beside it (*.safetensors); "
            "they are kept unless a suite is run with --no-weights; `bench run SUITE --retry weights` trains them again"
        )
    resources = _resources(settings or {})
    beside = [
        row for row in records_in(snapshot.references.frame) if row.is_done and row.run_id in snapshot.references.files
    ]
    found = [(row, _find_lacking(row, asked, recompute, resources)) for row in (*kept, *beside)]
    specs = [spec for _, spec in found]
    lacking = sorted((s for s in specs if s is not None and s.again), key=lambda s: (s.dataset, s.method, s.seed))
    return EvaluationSession(
        store=store,
        metrics=asked,
        plans=tuple(plan_cohorts(lacking, frozenset())),
        runs=len(trained),
        without_weights=len(trained) - len(kept),
        unknown=sum(spec is None for spec in specs),
        estimates=estimate([snapshot.runs.frame, snapshot.references.frame]),
        replaced=frozenset(row.run_id for row, spec in found if spec is not None and row.measured & {*spec.again}),
        problems=snapshot.problems,
    )


def _parse_metrics(metrics: str | Sequence[str]) -> tuple[str, ...]:
    given = metrics.split(",") if isinstance(metrics, str) else metrics
    names = [name.strip() for name in given if name.strip()]
    if not names:
        raise ArgumentError(f"--metrics: found none; expected names such as kid; there are {', '.join(METRICS)}")
    return tuple(dict.fromkeys(METRICS[name].name for name in names))


def _resources(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of the `resources:` block; nothing else can be set without making other figures of the runs wrong.

    Raises:
        ArgumentError: if there is anything else, or a value does not fit.
    """
    known = [f"resources.{name}" for name in ResourceSettings.model_fields]
    for key in settings:
        if key not in known:
            raise ArgumentError(f"--set {key}: only resources can be set here; expected one of {', '.join(known)}")
    values = {key.removeprefix("resources."): value for key, value in settings.items()}
    try:
        ResourceSettings.model_validate(values)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ArgumentError(f"--set resources.{wrong['loc'][0]}: found {wrong['input']!r}; {wrong['msg']}") from None
    return values


def _find_lacking(
    row: Recorded, asked: Sequence[str], recompute: bool, resources: Mapping[str, Any]
) -> AdditionSpec | None:
    """What a record lacks of the metrics, or all of them; None if its settings are unknown."""
    of = row.spec(resources)
    if of is None:
        return None
    return AdditionSpec(
        **shared_fields(of),
        recorded_as=row.run_id,
        again=tuple(name for name in asked if recompute or row.protocols.get(name) != METRICS[name].label),
    )
