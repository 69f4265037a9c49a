"""Records to test with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from bench.column import Columns
from bench.results import Evaluation, RunRecord, RunStore, compact, load_curves, read_snapshot

ENVIRONMENT = {
    "hostname": "h",
    "python": "3.12",
    "torch": "2.11",
    "ray": None,
    "bench": "0.1",
    "git_commit": None,
    "git_dirty": None,
}


def record(run_id: str = "a", **changes: Any) -> RunRecord:
    values: dict[str, Any] = {
        "run_id": run_id,
        "suite": "s",
        "method": "kl",
        "family": "fgan",
        "divergence": "kl",
        "dataset": "ring",
        "seed": 0,
        "status": "done",
        "error": None,
        "config": {"training": {"steps": 3}},
        "cohort_size": 1,
        "dataset_sha256": "ab",
        "started_at": datetime(2026, 1, 2, tzinfo=UTC),
        "device": "cpu",
        "environment": ENVIRONMENT,
    }
    parts = {"metrics": "figures", "labels": "labels", "protocols": "protocols", "measured": "columns"}
    figures: Mapping[str, Any] = {parts[name]: changes.pop(name) for name in list(changes) if name in parts}
    return RunRecord(**(values | changes), evaluation=Evaluation(**figures))


def store(folder: Path, *records: RunRecord) -> Path:
    results = RunStore(folder)
    for each in records:
        results.write(each)
    return folder


def rows(folder: Path, *, references: bool = False) -> pd.DataFrame:
    snapshot = read_snapshot(RunStore(folder))
    return (snapshot.references if references else snapshot.runs).frame


def curves(folder: Path) -> pd.DataFrame:
    return load_curves(RunStore(folder), read_snapshot(RunStore(folder)))


def compacted(folder: Path, **options: Any) -> Path:
    results = RunStore(folder)
    compact(results, read_snapshot(results, whole=True), Columns(), **options)
    return folder / "runs.parquet"
