"""Execute calibration runs, one after another: nothing is shared between them but a process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bench.calibration import measure
from bench.execute.records import CAUGHT, Progress, Workplace, blank, failed
from bench.provenance import PeakMemory
from bench.results import RunRecord
from bench.spec import CalibrationSpec


def run_calibrations(
    specs: Sequence[CalibrationSpec], wanted: frozenset[str], place: Workplace, progress: Progress
) -> Iterator[RunRecord]:
    """Measure the runs in `wanted` and yield each one's record as soon as it is complete."""
    for spec in specs:
        if spec.run_id in wanted:
            yield _measured(spec, place)


def _measured(spec: CalibrationSpec, place: Workplace) -> RunRecord:
    memory, began = PeakMemory(place.device), time.monotonic()
    record = blank(spec, 1, datetime.now(UTC), place.device)
    try:
        limit = place.limit(spec, lambda: [record])
        figures, labels = limit.run("estimation", lambda: measure(spec, place.device))
        record = replace(record, evaluation=replace(record.evaluation, figures=figures, labels=labels))
    except CAUGHT as error:
        record = failed(record, error)
    return replace(record, eval_seconds=time.monotonic() - began, peak_memory_mb=memory.megabytes())
