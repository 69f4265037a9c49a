"""Records that every kind of run starts from and ends in: the blank one, and what a failure makes of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime

import torch

from bench.errors import BenchError
from bench.evaluation import NotFiniteError
from bench.execute.limit import RunTimeoutError, TimeLimit
from bench.provenance import device_name, environment
from bench.results import Evaluation, RunRecord, RunStore, StoredFile
from bench.spec import RunSpec, WorkSpec
from bench.statuses import Status
from bench.training import ALONE, Ranks
from bench.training.memory import is_out_of_memory

SPLIT = "cohort_split_from"
"""Label of runs that were to train in a larger cohort, which had no memory or killed its process: its size."""

Progress = Callable[[int], None]
"""Told the number of steps done, now and then."""


Gather = Callable[[Sequence[RunSpec]], AbstractContextManager[Ranks]]
"""Gives the ranks that train a cohort together, for the time of a block."""


@dataclass(frozen=True)
class Workplace:
    """Where and how a cohort is executed; nothing here changes a result.

    Attributes:
        device: where to train and evaluate.
        store: the suite's results so far.
        checkpoint: the cohort's checkpoint file, or None to keep none.
        checkpoint_seconds: least time between two checkpoints.
        keep_weights: whether records carry the weights of trained models.
        note: told what people should know, such as that a checkpoint could not be used.
        again: ids of runs that are made again: what earlier attempts took does not count.
        gather: who trains a cohort together, for the time of a block.
        give_up: takes the records of runs that do not come back from where they are; the process ends after it.
    """

    device: torch.device
    store: RunStore
    checkpoint: StoredFile | None = None
    checkpoint_seconds: float = 30.0
    keep_weights: bool = True
    note: Callable[[str], None] = lambda text: None
    again: frozenset[str] = frozenset()
    give_up: Callable[[Sequence[RunRecord]], None] = lambda records: None
    gather: Gather = lambda specs: nullcontext(ALONE)

    def limit(self, spec: WorkSpec, records: Callable[[], Sequence[RunRecord]]) -> TimeLimit:
        """The time limit of a run.

        Args:
            spec: the run.
            records: called if it does not come back: the records that runs have then, who get no other one.
        """
        return TimeLimit(spec.resources.timeout, lambda reason: self.give_up([timed_out(r, reason) for r in records()]))


def blank(spec: WorkSpec, cohort_size: int, started: datetime, device: torch.device) -> RunRecord:
    """The record of a run that has not measured anything yet."""
    return RunRecord(
        run_id=spec.run_id,
        suite=spec.suite,
        method=spec.method,
        family=spec.family,
        divergence=spec.divergence,
        dataset=spec.dataset,
        seed=spec.seed,
        stage=spec.stage,
        trial=spec.trial,
        status=Status.DONE,
        error=None,
        config=spec.config,
        cohort_size=cohort_size,
        dataset_sha256=spec.dataset_sha256,
        started_at=started,
        device=device_name(device),
        environment=environment(),
        evaluation=Evaluation(protocols=spec.protocols),
    )


def measured(record: RunRecord, evaluation: Evaluation) -> RunRecord:
    """The record, finished, with what was measured."""
    return replace(record, status=Status.DONE, error=None, evaluation=evaluation)


def labelled(record: RunRecord, labels: Mapping[str, str]) -> RunRecord:
    """The record with labels beside those that it has, which take their places."""
    return replace(record, evaluation=replace(record.evaluation, labels={**record.evaluation.labels, **labels}))


def with_figures(record: RunRecord, figures: Mapping[str, float]) -> RunRecord:
    """The record with figures that no metric gave beside those that it has."""
    return replace(record, evaluation=replace(record.evaluation, figures={**record.evaluation.figures, **figures}))


def timed_out(record: RunRecord, reason: str) -> RunRecord:
    """The record of a run that ran out of time."""
    return replace(record, status=Status.TIMEOUT, error=reason)


def failed(record: RunRecord, error: BaseException) -> RunRecord:
    """The record of a run that an error ended: a failure is a result."""
    return replace(record, status=_status(error), error=_describe(error))


CAUGHT = (Exception, SystemExit, RunTimeoutError)
"""What ends a run and becomes its status: a failure is a result."""


def _status(error: BaseException) -> Status:
    if isinstance(error, NotFiniteError):
        return Status.DIVERGED
    if isinstance(error, RunTimeoutError):
        return Status.TIMEOUT
    if is_out_of_memory(error):
        return Status.OUT_OF_MEMORY
    return Status.FAILED


def _describe(error: BaseException) -> str:
    """A message that was written for the user, or the traceback of an accident."""
    if isinstance(error, BenchError | NotFiniteError | RunTimeoutError):
        return str(error)
    if isinstance(error, SystemExit):
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"sys.exit({error.code}) was called at {where.filename}:{where.lineno}; raise an exception instead"
    return "".join(traceback.format_exception(error)).strip()
