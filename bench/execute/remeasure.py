"""Measure without training: trained models from their kept weights, and real data in a model's place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bench.evaluation import evaluate, reference_of, subject_of
from bench.execute.loading import WeightsError, dataset_of, with_weights
from bench.execute.models import run_models
from bench.execute.records import CAUGHT, Progress, Workplace, blank, failed, measured
from bench.provenance import PeakMemory, described
from bench.results import Evaluation, MissingRecordError, RunRecord
from bench.spec import AdditionSpec, AdoptionSpec, EvaluationSpec, ReferenceSpec
from bench.statuses import Status

NOTE = "evaluated_later"
_BETWEEN_NOTES, _BEFORE_PLACE, _BETWEEN = "; ", " on ", ", "


def run_additions(
    specs: Sequence[AdditionSpec], wanted: frozenset[str], place: Workplace, progress: Progress
) -> Iterator[RunRecord]:
    """Add figures to the records in `wanted`, where they are stored, and yield each one.

    One that cannot be measured is yielded with the status and the error that say so; it is not to be stored, so that
    nothing which was there is lost.
    """
    for spec in specs:
        if spec.run_id in wanted:
            yield _added(spec, place)


def run_adoptions(
    specs: Sequence[AdoptionSpec], wanted: frozenset[str], place: Workplace, progress: Progress
) -> Iterator[RunRecord]:
    """Measure what runs lack whose model was trained before, and yield each one's record.

    Where the kept model has gone, or is not this version's any more, it is trained as if it had never been.
    """
    for spec in specs:
        if spec.run_id in wanted:
            try:
                record = _adopted(spec, place)
                if spec.amends and record.status is Status.DONE:
                    place.store.write(record)
                yield record
            except (MissingRecordError, WeightsError):
                yield from run_models((spec.of,), frozenset({spec.run_id}), place, progress)


def run_references(
    specs: Sequence[ReferenceSpec], wanted: frozenset[str], place: Workplace, progress: Progress
) -> Iterator[RunRecord]:
    """Measure real data in the model's place and yield each row as soon as it is complete."""
    for spec in specs:
        if spec.run_id in wanted:
            yield _reference(spec, place)


def _added(spec: AdditionSpec, place: Workplace) -> RunRecord:
    record = place.store.record(spec.recorded_as)
    try:
        limit = place.limit(spec, lambda: [record])
        found, seconds = limit.run(
            "evaluation", lambda: _timed(lambda: _measured(spec, record, record.evaluation, place))
        )
    except CAUGHT as error:  # told, not stored
        return failed(record, error)
    # another process may have added to the record meanwhile
    return place.store.amend(spec.recorded_as, lambda now: _with(now, found, seconds, place))


def _adopted(spec: AdoptionSpec, place: Workplace) -> RunRecord:
    """The recorded model under the new run's name, with the figures that still hold and those that it lacked."""
    record = place.store.record(spec.recorded_as)
    holding = record.evaluation.without([name for name in record.evaluation.columns if name not in spec.kept])
    record = measured(record, replace(holding, labels=record.evaluation.labels if spec.kept else {}))
    record = replace(
        record,
        run_id=spec.run_id,
        suite=spec.suite,
        method=spec.method,
        dataset=spec.dataset,
        stage=spec.stage,
        trial=spec.trial,
        config=spec.config,
        weights=place.store.weights(spec.recorded_as),
    )
    try:
        limit = place.limit(spec, lambda: [record])
        found, seconds = limit.run("evaluation", lambda: _timed(lambda: _measured(spec, record, holding, place)))
    except WeightsError:
        raise
    except CAUGHT as error:
        return failed(record, error)
    return _with(record, found, seconds, place)


def _measured(spec: EvaluationSpec, record: RunRecord, before: Evaluation, place: Workplace) -> Evaluation:
    data = dataset_of(spec.of, place.device)
    if isinstance(spec.of, ReferenceSpec):
        return evaluate(reference_of(spec.of, data), spec.again, before)
    weights = place.store.weights(spec.recorded_as) if record.weights is None else record.weights
    return evaluate(subject_of(spec.of, with_weights(spec.of, data, weights), data, record.curves), spec.again, before)


def _with(record: RunRecord, found: Evaluation, seconds: float, place: Workplace) -> RunRecord:
    whole = record.evaluation.updated(found)
    labels = note_addition(whole.labels, found.protocols, described(place.device))
    spent = (record.eval_seconds or 0.0) + seconds
    return replace(measured(record, replace(whole, labels=labels)), eval_seconds=spent)


def _timed(measure: Callable[[], Evaluation]) -> tuple[Evaluation, float]:
    began = time.monotonic()
    return measure(), time.monotonic() - began


def _reference(spec: ReferenceSpec, place: Workplace) -> RunRecord:
    memory, began = PeakMemory(place.device), time.monotonic()
    record = blank(spec, 1, datetime.now(UTC), place.device)
    try:
        limit = place.limit(spec, lambda: [record])
        record = measured(record, limit.run("evaluation", lambda: _evaluate_reference(spec, place)))
    except CAUGHT as error:
        record = failed(record, error)
    return replace(record, eval_seconds=time.monotonic() - began, peak_memory_mb=memory.megabytes())


def _evaluate_reference(spec: ReferenceSpec, place: Workplace) -> Evaluation:
    return evaluate(reference_of(spec, dataset_of(spec, place.device)), spec.metrics)


def note_addition(labels: Mapping[str, str], protocols: Mapping[str, str], place: str) -> dict[str, str]:
    """The labels with a note on what was added: "kid/1, fid/2 on cpu, torch 2.13.0, bench 0.1.0".

    Args:
        labels: a record's, with the notes on earlier additions.
        protocols: name and version of what was added, by metric.
        place: device and code that measured it.
    """
    if not protocols:
        return dict(labels)
    notes: dict[str, list[str]] = {}
    for note in filter(None, labels.get(NOTE, "").split(_BETWEEN_NOTES)):
        measured, _, where = note.partition(_BEFORE_PLACE)
        notes[where] = [entry for entry in measured.split(_BETWEEN) if entry.partition("/")[0] not in protocols]
    notes.setdefault(place, []).extend(protocols.values())
    told = [f"{_BETWEEN.join(entries)}{_BEFORE_PLACE}{where}" for where, entries in notes.items() if entries]
    return {**labels, NOTE: _BETWEEN_NOTES.join(told)}
