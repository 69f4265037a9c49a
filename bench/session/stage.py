"""One stage of a suite beside its results: what of it is done, and the cohorts that hold the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.errors import ArgumentError
from bench.launch import CohortPlan, Shard, plan_cohorts
from bench.results import RunStore, Snapshot, WeightsError
from bench.session.recorded import adoptions
from bench.spec import ReferenceSpec, RunSpec, WorkSpec
from bench.statuses import RETRIED, SEARCH_STAGES, Status
from bench.suite import list_references

WEIGHTS = "weights"
"""What `--retry` takes beside statuses: finished runs whose kept weights are not there, or cannot be read."""


@dataclass(frozen=True)
class Stage:
    """Runs that are launched together.

    Attributes:
        specs: all of them; those of one shard, where there are shards.
        plans: cohorts that hold the missing ones.
        references: rows of real data that are wanted beside them, likewise.
        reference_plans: cohorts that hold the missing ones of these.
        statuses: how those ended that are recorded.
        whole: the runs and rows of real data of all shards.
    """

    specs: tuple[WorkSpec, ...]
    plans: tuple[CohortPlan, ...]
    references: tuple[ReferenceSpec, ...]
    reference_plans: tuple[CohortPlan, ...]
    statuses: Counter[str]
    whole: tuple[WorkSpec, ...]

    @property
    def is_search(self) -> bool:
        """Whether settings are chosen by its runs."""
        return any(spec.stage in SEARCH_STAGES for spec in self.specs)

    @property
    def to_do(self) -> int:
        """Number of runs whose records are missing."""
        return sum(len(plan.wanted) for plan in self.plans)

    @property
    def trained(self) -> int:
        """How many of them have a model that was trained before."""
        return sum(len(plan.wanted) for plan in self.plans if plan.specs[0].is_trained)

    @property
    def references_to_do(self) -> int:
        """Number of rows of real data that are missing."""
        return sum(len(plan.wanted) for plan in self.reference_plans)


def plan_stage(
    specs: Iterable[WorkSpec],
    store: RunStore,
    snapshot: Snapshot,
    retry: frozenset[str],
    *,
    references: bool,
    shard: Shard | None = None,
) -> Stage:
    """Hold the runs of a stage against what is recorded.

    Args:
        specs: the runs.
        store: the suite's results.
        snapshot: what is in it.
        retry: what to run again: see `check_retry`.
        references: whether rows of real data are wanted beside the runs.
        shard: the part to do; all by default.
    """
    runs = tuple(specs)
    rows = tuple(list_references(runs)) if references else ()
    whole = (*runs, *rows)
    if shard is not None:
        mine = shard.select(whole)
        runs = tuple(spec for spec in runs if spec.run_id in mine)
        rows = tuple(spec for spec in rows if spec.run_id in mine)
    ids = {spec.run_id for spec in runs}
    recorded = {run_id: status for run_id, status in snapshot.runs.statuses.items() if run_id in ids}
    again = frozenset(run_id for run_id, status in recorded.items() if status in retry)
    with_weights = store.with_weights()
    if WEIGHTS in retry:
        again |= _without_weights(runs, recorded, store, with_weights)
    unmeasured = frozenset(i for i, status in snapshot.references.statuses.items() if status != Status.DONE)
    finished = snapshot.finished - again - unmeasured
    anew = frozenset(run_id for run_id in again if recorded[run_id] == Status.DONE)  # not to be adopted from itself
    adopted = adoptions(runs, finished | anew, snapshot, with_weights)
    known = finished | {spec.run_id for spec in adopted}
    broken_off = store.with_checkpoint() | store.attempted()
    return Stage(
        specs=runs,
        plans=(
            *plan_cohorts(adopted, finished, broken_off),
            *plan_cohorts(runs, known, broken_off, again | snapshot.unreadable),
        ),
        references=rows,
        reference_plans=tuple(plan_cohorts(rows, finished, broken_off, unmeasured | snapshot.unreadable)),
        statuses=Counter(recorded.values()),
        whole=whole,
    )


def check_retry(retry: Iterable[str]) -> frozenset[str]:
    """What is to be run again: statuses, `done` among them, or `weights`.

    Raises:
        ArgumentError: if it is anything else.
    """
    known = [*(status.value for status in RETRIED), Status.DONE.value, WEIGHTS]
    for name in retry:
        if name not in known:
            raise ArgumentError(f"--retry: found '{name}'; expected any of {', '.join(known)}")
    return frozenset(retry)


def _without_weights(
    specs: Sequence[WorkSpec], recorded: dict[str, str], store: RunStore, with_weights: frozenset[str]
) -> frozenset[str]:
    models = [spec.run_id for spec in specs if isinstance(spec, RunSpec)]
    done = [run_id for run_id in models if recorded.get(run_id) == Status.DONE]
    return frozenset(run_id for run_id in done if run_id not in with_weights or not _is_readable(store, run_id))


def _is_readable(store: RunStore, run_id: str) -> bool:
    try:
        store.weights(run_id)
    except WeightsError:
        return False
    return True
