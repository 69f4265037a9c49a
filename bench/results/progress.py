"""How a suite is getting on, told from its results alone, also while it runs. Nothing is written, torch not needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pandas as pd

from bench.analysis.pace import TimeLeft, count_states, finished_at, runs_an_hour, time_left
from bench.identity import REFERENCE_PREFIX
from bench.results.ended import Ended, read_ended
from bench.results.plan import planned_rows, read_plan, rows_of_stage
from bench.results.store import REFERENCES, RUNS, RunStore
from bench.results.underway import Cohort, Sign, read_cohorts
from bench.statuses import RESULTS, SEARCH_STAGES, Status

RUNNING, TO_DO = "running", "to_do"
STATES = (*(status.value for status in RESULTS), RUNNING, TO_DO)
"""What a run that the suite stands for can be in, in the order of printing."""


@dataclass(frozen=True)
class Progress:
    """One reading of how a suite is getting on.

    Attributes:
        runs: a row for each run that the suite compares, with its `state`: how it ended, running, or to do.
        trials: likewise for the runs that settings are chosen by.
        references: rows of real data that have a record.
        references_to_do: how many of these are planned and have none.
        cohorts: what was begun and has not ended.
        hidden: runs of other settings, which the suite does not stand for any more.
        has_plan: whether anything says what there is to do.
        ended: what was read of the runs that have a record, and of real data.
        read_at: when.
    """

    runs: pd.DataFrame
    trials: pd.DataFrame
    references: pd.DataFrame
    references_to_do: int
    cohorts: tuple[Cohort, ...]
    hidden: int
    has_plan: bool
    ended: tuple[Ended, Ended]
    read_at: datetime

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with files that are left out."""
        return tuple(problem for part in self.ended for problem in part.problems)

    @property
    def counts(self) -> pd.DataFrame:
        """A row for each dataset and method, a column for each state that occurs."""
        return count_states(self.runs, STATES)

    @property
    def trial_counts(self) -> pd.DataFrame:
        """The same of the runs that settings are chosen by."""
        return count_states(self.trials, STATES)

    @property
    def every_run(self) -> pd.DataFrame:
        """The runs of all stages."""
        return pd.concat([part for part in (self.trials, self.runs) if len(part)] or [self.runs], ignore_index=True)

    @property
    def finished(self) -> pd.DataFrame:
        """The runs that have a record and are not being run again."""
        return self.every_run[~self.every_run["state"].isin((RUNNING, TO_DO))]

    @property
    def failures(self) -> pd.DataFrame:
        """Runs and rows of real data that ended otherwise than as done, the latest last."""
        rows = pd.concat([part for part in (self.references, self.finished) if len(part)] or [self.finished])
        return rows[rows["status"] != Status.DONE].sort_values("finished_at", kind="stable")

    @property
    def working(self) -> tuple[Cohort, ...]:
        """The cohorts that somebody works on, as far as can be told."""
        return tuple(cohort for cohort in self.cohorts if not cohort.is_gone)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        left = self.every_run["state"].isin((RUNNING, TO_DO)).any() or self.references_to_do
        return self.has_plan and not left and not self.working

    @property
    def rate(self) -> float | None:
        """Runs an hour, lately; None before the first one."""
        return runs_an_hour(self.finished)

    @property
    def time_left(self) -> TimeLeft:
        """What is left of the time at the present number of workers."""
        began = {run_id: cohort.began for cohort in self.working for run_id in cohort.runs}
        running = {i: max(0.0, (self.read_at - at).total_seconds()) for i, at in began.items() if at is not None}
        missing = self.every_run[self.every_run["state"].isin((RUNNING, TO_DO))]
        return time_left(self.finished, missing, running, slots=len(self.working))


def read_progress(store: RunStore, before: Progress | None = None, now: datetime | None = None) -> Progress:
    """Read how a suite is getting on.

    Args:
        store: its results.
        before: an earlier reading: what has not changed since is not read again.
        now: the present time; the machine's by default.

    Raises:
        StorageError: if there is nothing but a compacted file that cannot be read.
    """
    moment = now or datetime.now(UTC)
    cohorts = read_cohorts(store, moment)  # first: what ends meanwhile is found among the records
    plan = read_plan(store)
    ended = tuple(
        read_ended(store, kind, None if before is None else before.ended[place])
        for place, kind in enumerate((RUNS, REFERENCES))
    )
    chosen = planned_rows(ended[0].frame, plan)
    cohorts = _without_recorded(cohorts, ended)
    planned = _planned(plan)
    is_reference = planned["run_id"].str.startswith(REFERENCE_PREFIX)
    measured = set(ended[1].frame["run_id"])
    whole = _with_states(chosen, planned[~is_reference], cohorts)
    is_trial = whole["run_id"].isin(_ids_of_search(planned))
    return Progress(
        runs=whole[~is_trial].reset_index(drop=True),
        trials=whole[is_trial].reset_index(drop=True),
        references=ended[1].frame.assign(finished_at=finished_at(ended[1].frame)),
        references_to_do=int((is_reference & ~planned["run_id"].isin(measured)).sum()),
        cohorts=cohorts,
        hidden=len(ended[0].frame) - len(chosen),
        has_plan=plan is not None,
        ended=(ended[0], ended[1]),
        read_at=moment,
    )


def _ids_of_search(planned: pd.DataFrame) -> set[str]:
    return {run_id for stage in SEARCH_STAGES for run_id in rows_of_stage(planned, stage)["run_id"]}


def _planned(plan: pd.DataFrame | None) -> pd.DataFrame:
    columns = ["run_id", "dataset", "method", "seed"]
    if plan is None:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    return plan[[*columns, *(name for name in ("expected_seconds", "stage") if name in plan.columns)]]


def _without_recorded(cohorts: Sequence[Cohort], ended: Sequence[Ended]) -> tuple[Cohort, ...]:
    """The cohorts without the runs that were recorded since they were begun; what is left of one may be nothing."""
    found = pd.concat([part.frame[["run_id", "started_at"]] for part in ended if len(part.frame)] or [_NOTHING])
    started = dict(zip(found["run_id"], found["started_at"], strict=True))
    return tuple(
        replace(cohort, runs=frozenset(i for i in cohort.runs if not _is_later(started.get(i), cohort)))
        for cohort in cohorts
    )


def _is_later(started: datetime | None, cohort: Cohort) -> bool:
    return started is not None and cohort.began is not None and started >= cohort.began


def _with_states(rows: pd.DataFrame, planned: pd.DataFrame, cohorts: Sequence[Cohort]) -> pd.DataFrame:
    """The runs that have a record, and those that are to have one, each with its state."""
    busy = {run_id for cohort in cohorts if cohort.sign is not Sign.GONE for run_id in cohort.runs}
    known = rows.assign(finished_at=finished_at(rows), state=rows["status"])
    known.loc[known["run_id"].isin(busy) & (known["status"] != Status.DONE), "state"] = RUNNING
    if "expected_seconds" in planned.columns:
        known = known.assign(expected_seconds=known["run_id"].map(planned.set_index("run_id")["expected_seconds"]))
    missing = planned[~planned["run_id"].isin(set(known["run_id"]))]
    missing = missing.assign(state=[RUNNING if run_id in busy else TO_DO for run_id in missing["run_id"]])
    whole = pd.concat([part for part in (known, missing) if len(part)] or [known], ignore_index=True)
    return _in_order(whole.reindex(columns=list(dict.fromkeys([*known.columns, *missing.columns]))), planned)


def _in_order(runs: pd.DataFrame, planned: pd.DataFrame) -> pd.DataFrame:
    """By dataset and method in the suite's order, where it is known; else by name."""
    cells = planned[["dataset", "method"]].drop_duplicates().itertuples(index=False, name=None)
    place = {cell: i for i, cell in enumerate(cells)}
    keys = [(place.get((row[0], row[1]), len(place)), *row) for row in zip(*_columns(runs), strict=True)]
    return runs.iloc[sorted(range(len(keys)), key=keys.__getitem__)].reset_index(drop=True)


def _columns(runs: pd.DataFrame) -> list[list[object]]:
    return [runs[name].tolist() for name in ("dataset", "method", "seed")]


_NOTHING = pd.DataFrame({"run_id": [], "started_at": []})
