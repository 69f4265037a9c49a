"""Records that every kind of run starts from and ends in: the blank one, and what a failure makes of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import torch

from bench.errors import BenchError
from bench.evaluation import NotFiniteError
from bench.provenance import device_name, environment
from bench.results import Evaluation, RunRecord, RunStore, StoredFile
from bench.spec import WorkSpec
from bench.statuses import Status
from bench.training import TrainingTimeoutError
from bench.training.memory import is_out_of_memory

Progress = Callable[[int], None]
"""Told the number of steps done, now and then."""


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
    """

    device: torch.device
    store: RunStore
    checkpoint: StoredFile | None = None
    checkpoint_seconds: float = 30.0
    keep_weights: bool = True
    note: Callable[[str], None] = lambda text: None


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


def failed(record: RunRecord, error: BaseException) -> RunRecord:
    """The record of a run that an error ended: a failure is a result."""
    return replace(record, status=_status(error), error=_describe(error))


def _status(error: BaseException) -> Status:
    if isinstance(error, NotFiniteError):
        return Status.DIVERGED
    if isinstance(error, TrainingTimeoutError):
        return Status.TIMEOUT
    if is_out_of_memory(error):
        return Status.OUT_OF_MEMORY
    return Status.FAILED


def _describe(error: BaseException) -> str:
    """A message that was written for the user, or the traceback of an accident."""
    if isinstance(error, BenchError | NotFiniteError | TrainingTimeoutError):
        return str(error)
    if isinstance(error, SystemExit):
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"sys.exit({error.code}) was called at {where.filename}:{where.lineno}; raise an exception instead"
    return "".join(traceback.format_exception(error)).strip()
