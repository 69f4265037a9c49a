"""Execute a cohort of generative models: train together, evaluate one by one."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import torch

from bench.datasets import Dataset
from bench.evaluation import evaluate, picture, subject_of
from bench.execute.loading import dataset_of, untrained, weights_of
from bench.execute.records import Progress, Workplace, blank, failed, measured
from bench.provenance import PeakMemory
from bench.results import RunRecord, StorageError
from bench.spec import RunSpec
from bench.statuses import Status
from bench.training import Checkpoint, CheckpointWarning, Trained, finalise, train


def run_models(
    specs: Sequence[RunSpec], wanted: frozenset[str], place: Workplace, progress: Progress
) -> Iterator[RunRecord]:
    """Train the runs `specs` together and yield a record for each one in `wanted`, as soon as it is complete.

    Whatever goes wrong becomes the status of the runs it concerns.

    Args:
        specs: runs that differ only in their seed.
        wanted: ids of the runs whose records are missing.
        place: device and checkpoint.
        progress: told the number of training steps done, now and then.
    """
    started, memory = datetime.now(UTC), PeakMemory(place.device)
    blanks = {spec.run_id: blank(spec, len(specs), started, place.device) for spec in specs}
    try:
        data = dataset_of(specs[0], place.device)
        with _noting(place):
            trained = _train(specs, data, place, progress)
    except StorageError:  # no result of the run's: the launch cannot go on
        raise
    except (Exception, SystemExit) as error:  # a failure is a result
        yield from (failed(blanks[i], error) for i in blanks if i in wanted)
        return
    for index, spec in enumerate(specs):
        if spec.run_id in wanted:
            begun = replace(blanks[spec.run_id], train_seconds=trained.seconds)
            record = _measured(spec, index, trained, data, begun, place)
            yield replace(record, peak_memory_mb=memory.megabytes())


@contextmanager
def _noting(place: Workplace) -> Iterator[None]:
    """Tell what becomes of a checkpoint as a note; other warnings stay warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", category=CheckpointWarning)
        yield
    for warning in caught:
        if issubclass(warning.category, CheckpointWarning):
            place.note(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _train(specs: Sequence[RunSpec], data: Dataset, place: Workplace, progress: Progress) -> Trained:
    first = specs[0]
    checkpoint = None
    if place.checkpoint is not None:
        owner = {"runs": [spec.run_id for spec in specs], "device": place.device.type, "torch": str(torch.__version__)}
        checkpoint = Checkpoint(place.checkpoint, owner, place.checkpoint_seconds)

    return train(
        lambda: untrained(first, data),
        data.train,
        [spec.seed for spec in specs],
        first.training,
        checkpoint=checkpoint,
        timeout=first.resources.timeout,
        progress=progress,
    )


def _measured(
    spec: RunSpec, index: int, trained: Trained, data: Dataset, record: RunRecord, place: Workplace
) -> RunRecord:
    """Evaluate one member of a trained cohort."""
    began = time.monotonic()
    curves = trained.curves.rows(index)
    diverged = trained.curves.diverged_at(index)
    if diverged is not None:
        reason = f"a loss was not finite at step {diverged + 1} of {spec.training.steps}"
        return replace(record, status=Status.DIVERGED, error=reason, curves=tuple(curves), steps=diverged)
    record = replace(record, curves=tuple(curves), steps=spec.training.steps)
    try:
        model = finalise(trained.cohort.member(index), data.train, spec.seed, spec.training.batch_size)
        subject = subject_of(spec, model, data, curves)
        samples, reference = picture(subject)
        weights = weights_of(model) if place.keep_weights else None
        record = replace(record, samples=samples, reference=reference, weights=weights)
        record = measured(record, evaluate(subject, spec.metrics))
    except (Exception, SystemExit) as error:  # a failure is a result
        record = failed(record, error)
    return replace(record, eval_seconds=time.monotonic() - began)
