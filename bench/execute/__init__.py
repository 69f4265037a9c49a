"""Execute a cohort of runs of any kind and record them. Runs in any process; knows neither suites nor ray."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import torch

from bench.execute.kinds import RUNNERS
from bench.execute.models import follow_training
from bench.execute.records import SPLIT, Gather, Progress, Workplace, blank, labelled
from bench.results import RunRecord
from bench.spec import WorkSpec
from bench.statuses import Status


def run_cohort(
    specs: Sequence[WorkSpec], wanted: frozenset[str], place: Workplace, progress: Progress = lambda step: None
) -> Iterator[RunRecord]:
    """Execute the runs `specs` together and yield a record for each one in `wanted`, as soon as it is complete.

    Whatever goes wrong becomes the status of the runs it concerns.

    Args:
        specs: runs of one kind that differ only in their seed.
        wanted: ids of the runs whose records are missing.
        place: device and checkpoint.
        progress: told the number of steps done, now and then.
    """
    return RUNNERS[type(specs[0])](specs, wanted, place, progress)


def crashed(
    specs: Sequence[WorkSpec], wanted: frozenset[str], attempts: int, device: torch.device
) -> Iterator[RunRecord]:
    """Records for runs whose process died again and again without a word."""
    reason = f"the process died {attempts} times while it ran this cohort: out of memory, or a crash in native code"
    for spec in specs:
        if spec.run_id in wanted:
            yield replace(blank(spec, len(specs), datetime.now(UTC), device), status=Status.FAILED, error=reason)


__all__ = ["SPLIT", "Gather", "Progress", "Workplace", "crashed", "follow_training", "labelled", "run_cohort"]
