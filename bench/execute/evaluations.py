"""Measure without training: trained models from their kept weights, and real data in a model's place."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import torch

from bench.datasets import Dataset
from bench.evaluation import Evaluation, evaluate, reference_of, subject_of
from bench.execute.loading import dataset_of, with_weights
from bench.execute.records import Workplace, blank, failed, measured
from bench.metrics import METRICS, Subject
from bench.provenance import PeakMemory, described
from bench.results import RunRecord
from bench.spec import AdditionSpec, AdoptionSpec, EvaluationSpec, ReferenceSpec, RunSpec


def run_additions(specs: Sequence[AdditionSpec], wanted: frozenset[str], place: Workplace) -> Iterator[RunRecord]:
    """Add figures to the records in `wanted` and yield each one.

    One that cannot be measured is yielded with the status and the error that say so; it is not to be stored, so that
    nothing which was there is lost.
    """
    for spec in specs:
        if spec.run_id in wanted:
            record = place.store.record(spec.recorded_as)
            yield replace(_measured(spec, record, place), weights=None)  # they are in place


def run_adoptions(specs: Sequence[AdoptionSpec], wanted: frozenset[str], place: Workplace) -> Iterator[RunRecord]:
    """Measure what runs with the same trained model lack, and yield each new run's record.

    The record that it goes back to is removed as soon as the new one is stored: they are one model.
    """
    for spec in specs:
        if spec.run_id in wanted:
            record = place.store.record(spec.recorded_as)
            found = _measured(spec, _taken_over(spec, record), place)
            yield found if place.keep_weights else replace(found, weights=None)
            if found.status == "done":
                place.store.remove(spec.recorded_as)


def _taken_over(spec: AdoptionSpec, record: RunRecord) -> RunRecord:
    """The recorded run under the new one's name, with the figures that still hold."""
    columns = {name: columns for name, columns in record.measured.items() if name in spec.kept}
    dropped = {column for name in record.measured if name not in spec.kept for column in record.measured[name]}
    return replace(
        record,
        run_id=spec.run_id,
        suite=spec.suite,
        method=spec.method,
        dataset=spec.dataset,
        config=spec.identity | {"resources": spec.resources.model_dump(mode="json")},
        metrics={name: value for name, value in record.metrics.items() if name not in dropped},
        labels=record.labels if spec.kept else {},
        protocols={name: version for name, version in record.protocols.items() if name in spec.kept},
        measured=columns,
    )


def run_references(specs: Sequence[ReferenceSpec], wanted: frozenset[str], place: Workplace) -> Iterator[RunRecord]:
    """Measure real data in the model's place and yield each row as soon as it is complete."""
    for spec in specs:
        if spec.run_id in wanted:
            yield _reference(spec, place)


def _measured(spec: EvaluationSpec, record: RunRecord, place: Workplace) -> RunRecord:
    """The record with what `spec` asks for, beside the figures that were there."""
    began = time.monotonic()
    try:
        known = Evaluation(record.metrics, record.labels, record.measured)
        if isinstance(spec.of, RunSpec):
            record = replace(record, weights=place.store.weights(spec.recorded_as))
        subject = _subject(spec.of, record, dataset_of(spec.of, place.device))
        record = measured(record, evaluate(subject, spec.again, known))
    except Exception as error:  # a failure is a result
        record = failed(record, error)
    protocols = {name: METRICS[name].label for name in spec.again}
    return replace(
        record,
        labels={**record.labels, "evaluated_later": _note(protocols.values(), place.device)},
        protocols={**record.protocols, **protocols},
        eval_seconds=(record.eval_seconds or 0.0) + time.monotonic() - began,
    )


def _subject(spec: RunSpec | ReferenceSpec, record: RunRecord, data: Dataset) -> Subject:
    if isinstance(spec, ReferenceSpec):
        return reference_of(spec, data)
    return subject_of(spec, with_weights(spec, data, record.weights or {}), data, record.curves)


def _note(protocols: Iterable[str], device: torch.device) -> str:
    return f"{', '.join(protocols)} on {described(device)}"


def _reference(spec: ReferenceSpec, place: Workplace) -> RunRecord:
    memory, began = PeakMemory(place.device), time.monotonic()
    record = blank(spec, 1, datetime.now(UTC), place.device)
    try:
        data = dataset_of(spec, place.device)
        record = measured(record, evaluate(reference_of(spec, data), spec.metrics))
    except Exception as error:  # a failure is a result
        record = failed(record, error)
    return replace(record, eval_seconds=time.monotonic() - began, peak_memory_mb=memory.megabytes())
