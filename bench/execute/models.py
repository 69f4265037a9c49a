"""Execute a cohort of generative models: train together, evaluate one by one."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import torch

from bench.datasets import Dataset
from bench.evaluation import evaluate, picture, subject_of
from bench.execute.begun import Begun
from bench.execute.energy import COLUMN, EnergyMeter
from bench.execute.limit import TimeLimit
from bench.execute.loading import dataset_of, untrained, weights_of
from bench.execute.records import CAUGHT, SPLIT, Progress, Workplace, failed, labelled, measured, with_figures
from bench.metrics import Subject
from bench.provenance import PeakMemory, describe_card
from bench.results import RunRecord, StorageError
from bench.spec import RunSpec
from bench.statuses import Status
from bench.training import Checkpoint, CheckpointFile, CheckpointWarning, Ranks, Trained, finalise, train
from bench.training.memory import is_out_of_memory, release_memory


def run_models(
    specs: Sequence[RunSpec], wanted: frozenset[str], place: Workplace, progress: Progress
) -> Iterator[RunRecord]:
    """Train the runs `specs` together and yield a record for each one in `wanted`, as soon as it is complete.

    Whatever goes wrong becomes the status of the runs it concerns. Where there is no memory for all of them together,
    they are trained in halves.

    Args:
        specs: runs that differ only in their seed.
        wanted: ids of the runs whose records are missing.
        place: device and checkpoint.
        progress: told the number of training steps done, now and then.
    """
    memory, energy = PeakMemory(place.device), EnergyMeter(specs[0], place.device)
    begun = Begun(specs, wanted, place, datetime.now(UTC), memory, energy)
    limit = begun.limit()
    try:
        data = dataset_of(specs[0], place.device)
        with _noting(place):
            trained = limit.run("training", lambda: _train(begun, data, limit, progress))
    except StorageError:  # no result of the run's: the launch cannot go on
        raise
    except CAUGHT as error:
        if len(specs) == 1 or not is_out_of_memory(error):
            yield from (failed(record, error) for record in begun.blanks)
            return
        reason = str(error).partition("\n")[0]
    else:
        yield from _measure_members(begun, trained, data, limit)
        return
    # out here the error, and with it all that training held in memory, is gone
    yield from _run_halves(begun, progress, reason)


def _run_halves(begun: Begun, progress: Progress, reason: str) -> Iterator[RunRecord]:
    """Train a cohort for which there was no memory as two, and record that it was to be one."""
    release_memory()
    size = len(begun.specs)
    half = (size + 1) // 2
    begun.place.note(f"{size} seeds together ran out of memory ({reason}): training {half} and then {size - half}")
    for part in (begun.specs[:half], begun.specs[half:]):
        wanted = begun.wanted & {spec.run_id for spec in part}
        for record in run_models(part, wanted, begun.place, progress) if wanted else ():
            yield labelled(record, {SPLIT: str(size)})


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


def _train(begun: Begun, data: Dataset, limit: TimeLimit, progress: Progress) -> Trained:
    specs, place, first = begun.specs, begun.place, begun.specs[0]
    checkpoint = None
    with place.gather(specs) as ranks:
        if place.checkpoint is not None:
            owner = _owner(specs, place.device, ranks)
            checkpoint = Checkpoint(place.checkpoint, owner, place.checkpoint_seconds)
        begun.energy.begin()
        return train(
            lambda: untrained(first, data),
            data.train,
            [spec.seed for spec in specs],
            first.training,
            checkpoint=checkpoint,
            ranks=ranks,
            resumed=lambda seconds: begun.count_earlier(limit, seconds),
            progress=progress,
        )


def follow_training(specs: Sequence[RunSpec], device: torch.device, checkpoint: CheckpointFile, ranks: Ranks) -> None:
    """Take part in the training of a cohort that another rank executes."""
    data = dataset_of(specs[0], device)
    own = Checkpoint(checkpoint, _owner(specs, device, ranks))
    train(
        lambda: untrained(specs[0], data),
        data.train,
        [spec.seed for spec in specs],
        specs[0].training,
        checkpoint=own,
        ranks=ranks,
    )


def _owner(specs: Sequence[RunSpec], device: torch.device, ranks: Ranks) -> dict[str, Any]:
    """Whose checkpoint may be taken up: rounding depends on the cohort, the device and the number of ranks."""
    owner = {"runs": [spec.run_id for spec in specs], "device": device.type, "torch": str(torch.__version__)}
    return owner | ({"ranks": ranks.size} if ranks.size > 1 else {})


def _measure_members(begun: Begun, trained: Trained, data: Dataset, training: TimeLimit) -> Iterator[RunRecord]:
    """A record for each wanted member of a trained cohort; each has the time that training left."""
    used = begun.energy.kilojoules()
    for index, spec in enumerate(begun.specs):
        if spec.run_id not in begun.wanted:
            continue
        record = replace(begun.blank(spec), train_seconds=trained.seconds)
        limit = replace(begun.place.limit(spec, [record].copy), spent=training.spent)
        record = _measure(spec, index, trained, data, record, begun.place, limit)
        record = replace(record, peak_memory_mb=begun.memory.megabytes())
        if used is not None:
            record = with_figures(record, {COLUMN: used})
        yield labelled(record, _place_labels(spec, begun.place.device))


def _place_labels(spec: RunSpec, device: torch.device) -> dict[str, str]:
    """What tells where a run was trained beside its device's name."""
    ranks = {"ranks": str(spec.resources.processes)} if spec.resources.processes > 1 else {}
    return ranks | describe_card(device)


def _measure(
    spec: RunSpec,
    index: int,
    trained: Trained,
    data: Dataset,
    record: RunRecord,
    place: Workplace,
    limit: TimeLimit,
) -> RunRecord:
    """Evaluate one member of a trained cohort."""
    began = time.monotonic()
    curves = trained.curves.rows(index)
    diverged = trained.curves.diverged_at(index)
    if diverged is not None:
        reason = f"a loss was not finite at step {diverged + 1} of {spec.training.steps}"
        return replace(record, status=Status.DIVERGED, error=reason, curves=tuple(curves), steps=diverged)
    shown = record = replace(record, curves=tuple(curves), steps=spec.training.steps)
    try:
        subject, record = limit.run("evaluation", lambda: _prepare(spec, index, trained, data, shown, place))
        record = measured(record, limit.run("evaluation", lambda: evaluate(subject, spec.metrics)))
    except CAUGHT as error:
        record = failed(record, error)
    return replace(record, eval_seconds=time.monotonic() - began)


def _prepare(
    spec: RunSpec, index: int, trained: Trained, data: Dataset, record: RunRecord, place: Workplace
) -> tuple[Subject, RunRecord]:
    """What is to be evaluated, and its record with a picture and the weights, which it keeps whatever comes of it."""
    model = finalise(trained.cohort.member(index), data.train, spec.seed, spec.training.batch_size)
    subject = subject_of(spec, model, data, record.curves)
    samples, reference = picture(subject)
    weights = weights_of(model) if place.keep_weights else None
    return subject, replace(record, samples=samples, reference=reference, weights=weights)
