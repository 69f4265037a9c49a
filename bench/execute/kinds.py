"""What the kinds of work differ in: how each is executed. What else tells them apart, their specifications say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bench.execute.calibrations import run_calibrations
from bench.execute.models import run_models
from bench.execute.records import Progress, Workplace
from bench.execute.remeasure import run_additions, run_adoptions, run_references
from bench.results import RunRecord
from bench.spec import AdditionSpec, AdoptionSpec, CalibrationSpec, ReferenceSpec, RunSpec, WorkSpec

Run = Callable[[Sequence[Any], frozenset[str], Workplace, Progress], Iterator[RunRecord]]

RUNNERS: Mapping[type[WorkSpec], Run] = {
    RunSpec: run_models,
    AdditionSpec: run_additions,
    AdoptionSpec: run_adoptions,
    ReferenceSpec: run_references,
    CalibrationSpec: run_calibrations,
}
"""A runner takes specifications that differ in their seed, the ids that are wanted, where to work, and whom to tell."""
