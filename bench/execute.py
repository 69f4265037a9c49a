"""Execute a cohort: train, evaluate, record. Runs in any process; knows neither suites nor ray."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from bench.datasets import Dataset, load_dataset
from bench.errors import BenchError
from bench.evaluate import NotFiniteError, evaluate, picture, subject_of
from bench.models import METHODS, GenerativeModel
from bench.provenance import PeakMemory, device_name, environment
from bench.results import RunRecord, Status
from bench.spec import RunSpec
from bench.training import Checkpoint, Trained, TrainingTimeoutError, finalise, train

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Workplace:
    """Where and how a cohort is executed; nothing here changes a result.

    Attributes:
        device: where to train and evaluate.
        checkpoint: the cohort's checkpoint file, or None to keep none.
        checkpoint_seconds: least time between two checkpoints.
    """

    device: torch.device
    checkpoint: Path | None = None
    checkpoint_seconds: float = 30.0


def run_cohort(
    specs: Sequence[RunSpec], wanted: frozenset[str], place: Workplace, progress: Progress = lambda step: None
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
    blanks = {spec.run_id: _blank(spec, len(specs), started, place.device) for spec in specs}
    try:
        data = _load(specs[0]).to(place.device)
        trained = _train(specs, data, place, progress)
    except Exception as error:  # a failure is a result
        yield from (_failed(blanks[i], error) for i in blanks if i in wanted)
        return
    for index, spec in enumerate(specs):
        if spec.run_id in wanted:
            blank = replace(blanks[spec.run_id], train_seconds=trained.seconds)
            yield replace(_measured(spec, index, trained, data, blank), peak_memory_mb=memory.megabytes())


def crashed(
    specs: Sequence[RunSpec], wanted: frozenset[str], attempts: int, device: torch.device
) -> Iterator[RunRecord]:
    """Records for runs whose process died again and again without a word."""
    reason = f"the process died {attempts} times while it ran this cohort: out of memory, or a crash in native code"
    for spec in specs:
        if spec.run_id in wanted:
            yield replace(_blank(spec, len(specs), datetime.now(UTC), device), status="failed", error=reason)


def _load(spec: RunSpec) -> Dataset:
    data = load_dataset(spec.dataset_name, **spec.dataset_parameters)
    if data.fingerprint != spec.dataset_sha256:
        raise BenchError(
            f"dataset '{spec.dataset_name}': found fingerprint {data.fingerprint[:12]} on this machine; expected "
            f"{spec.dataset_sha256[:12]}, as where the suite was planned; make the files of both machines the same"
        )
    return data


def _train(specs: Sequence[RunSpec], data: Dataset, place: Workplace, progress: Progress) -> Trained:
    first = specs[0]
    family = METHODS[first.family]
    settings = family.settings.model_validate(first.model)
    checkpoint = None
    if place.checkpoint is not None:
        owner = {"runs": [spec.run_id for spec in specs], "device": place.device.type, "torch": torch.__version__}
        checkpoint = Checkpoint(place.checkpoint, owner, place.checkpoint_seconds)

    def build() -> GenerativeModel:
        return family.build(settings, data.shape)

    return train(
        build,
        data.train,
        [spec.seed for spec in specs],
        first.training,
        checkpoint=checkpoint,
        timeout=first.resources.timeout,
        progress=progress,
    )


def _measured(spec: RunSpec, index: int, trained: Trained, data: Dataset, blank: RunRecord) -> RunRecord:
    """Evaluate one member of a trained cohort."""
    began = time.monotonic()
    curves = trained.curves.rows(index)
    diverged = trained.curves.diverged_at(index)
    if diverged is not None:
        reason = f"a loss was not finite at step {diverged + 1} of {spec.training.steps}"
        return replace(blank, status="diverged", error=reason, curves=tuple(curves), steps=diverged)
    record = replace(blank, curves=tuple(curves), steps=spec.training.steps)
    try:
        model = finalise(trained.cohort.member(index), data.train, spec.seed, spec.training.batch_size)
        subject = subject_of(spec, model, data, curves)
        samples, reference = picture(subject)
        record = replace(record, samples=samples, reference=reference)
        metrics, labels = evaluate(subject, spec.metrics)
    except Exception as error:  # a failure is a result
        return replace(_failed(record, error), eval_seconds=time.monotonic() - began)
    return replace(record, metrics=metrics, labels=labels, eval_seconds=time.monotonic() - began)


def _blank(spec: RunSpec, cohort_size: int, started: datetime, device: torch.device) -> RunRecord:
    return RunRecord(
        run_id=spec.run_id,
        suite=spec.suite,
        method=spec.method,
        family=spec.family,
        divergence=spec.model.get("divergence"),
        dataset=spec.dataset,
        seed=spec.seed,
        status="done",
        error=None,
        config=spec.identity | {"resources": spec.resources.model_dump(mode="json")},
        cohort_size=cohort_size,
        dataset_sha256=spec.dataset_sha256,
        started_at=started,
        device=device_name(device),
        environment=environment(),
        protocols=spec.protocols,
    )


def _failed(record: RunRecord, error: Exception) -> RunRecord:
    return replace(record, status=_status(error), error=_describe(error))


def _status(error: Exception) -> Status:
    if isinstance(error, NotFiniteError):
        return "diverged"
    if isinstance(error, TrainingTimeoutError):
        return "timeout"
    if isinstance(error, torch.cuda.OutOfMemoryError | MemoryError):
        return "out_of_memory"
    return "failed"


def _describe(error: Exception) -> str:
    """A message that was written for the user, or the traceback of an accident."""
    if isinstance(error, BenchError | NotFiniteError | TrainingTimeoutError):
        return str(error)
    return "".join(traceback.format_exception(error)).strip()
