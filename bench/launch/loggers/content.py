"""What a record holds for a logger, in plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bench.analysis.configs import flatten
from bench.results import RunRecord
from bench.statuses import Status

_NO_SETTINGS = frozenset({"protocols", "labels", "sources", "identity_version", "dataset_sha256", "seed"})
_COSTS = ("train_seconds", "eval_seconds", "peak_memory_mb")
Value = str | bool | int | float


def name_parts(record: RunRecord) -> tuple[str, str, str]:
    """Method, dataset and seed as parts of a path."""
    return tuple(text.replace("/", "_") for text in (record.method, record.dataset, f"seed-{record.seed}"))  # type: ignore[return-value]


def run_name(record: RunRecord) -> str:
    """What people call a run: suite/method/dataset/seed-0."""
    return "/".join((record.suite, *name_parts(record)))


def settings_of(record: RunRecord) -> dict[str, Value]:
    """The settings that decided a run, by dotted key; lists as text."""
    labels = {"method": record.method, "dataset": record.dataset, "seed": record.seed, "family": record.family}
    config = {key: value for key, value in record.config.items() if key not in _NO_SETTINGS}
    flat = labels | dict(flatten(config)) | {"cohort_size": record.cohort_size}
    return {key: value if isinstance(value, Value) else str(value) for key, value in flat.items() if value is not None}


def figures_of(record: RunRecord) -> dict[str, float]:
    """The figures that are finite, and what they cost."""
    costs = {name: getattr(record, name) for name in _COSTS}
    known = {**record.evaluation.figures, **{name: value for name, value in costs.items() if value is not None}}
    return {name: float(value) for name, value in known.items() if value is not None and math.isfinite(value)}


def curves_of(record: RunRecord) -> dict[int, dict[str, float]]:
    """Learning curves: finite values by name, for each step in order."""
    steps: dict[int, dict[str, float]] = {}
    for step, name, value in sorted(record.curves):
        if math.isfinite(value):
            steps.setdefault(step, {})[name] = value
    return steps


def outcome_of(record: RunRecord) -> Mapping[str, Any]:
    """How a run ended, and why if not as done."""
    return {"status": str(record.status), **({} if record.error is None else {"error": record.error})}


def is_done(record: RunRecord) -> bool:
    """Whether it has all that it was to have."""
    return record.status == Status.DONE


def moment_of(record: RunRecord, step: int) -> datetime:
    """When a step was done: steps take equally long, as far as a record tells."""
    share = step / record.steps if record.steps else 1.0
    return record.started_at + timedelta(seconds=min(1.0, share) * (record.train_seconds or 0.0))


def end_of(record: RunRecord) -> datetime:
    """When the run was finished."""
    return record.started_at + timedelta(seconds=(record.train_seconds or 0.0) + (record.eval_seconds or 0.0))
