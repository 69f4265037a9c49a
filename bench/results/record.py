"""What a run leaves: one record, with one schema for every run of every suite."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from bench.results.schema import SCHEMA, SCHEMA_VERSION
from bench.statuses import Status

ENVIRONMENT = ("hostname", "python", "torch", "ray", "bench", "git_commit", "git_dirty")
_MAPS = {"metrics": "figures", "labels": "labels", "protocols": "protocols", "measured": "columns"}
"""Columns that hold the parts of an evaluation."""


@dataclass(frozen=True)
class Evaluation:
    """What measuring gave.

    Attributes:
        figures: by column name.
        labels: texts that belong to figures.
        columns: names of the figures that each metric gave, by metric.
        protocols: name and version of each metric's protocol.
    """

    figures: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    protocols: Mapping[str, str] = field(default_factory=dict)

    def without(self, metrics: Collection[str]) -> Evaluation:
        """What is left without the figures of some metrics. Labels stay: others may share them."""
        dropped = {column for name in metrics for column in self.columns.get(name, ())}
        return Evaluation(
            {column: value for column, value in self.figures.items() if column not in dropped},
            self.labels,
            {name: columns for name, columns in self.columns.items() if name not in metrics},
            {name: protocol for name, protocol in self.protocols.items() if name not in metrics},
        )

    def updated(self, new: Evaluation) -> Evaluation:
        """Both, the new figures in place of what their metrics gave before."""
        kept = self.without(new.columns)
        return Evaluation(
            {**kept.figures, **new.figures},
            {**kept.labels, **new.labels},
            {**kept.columns, **new.columns},
            {**kept.protocols, **new.protocols},
        )


@dataclass(frozen=True)
class RunRecord:
    """One run's result.

    Attributes:
        run_id: hash of what decides the result.
        suite: label of the suite.
        method: label of the method.
        family: its family.
        divergence: its divergence, for families that have one.
        dataset: label of the dataset.
        seed: training seed.
        stage: "search" for a run that settings are chosen by, else None.
        trial: number of the search's configuration that it has; None where its settings were not searched for.
        status: how it ended; whatever it is, it is a result.
        error: why it did not end as `done`; a traceback's text for `failed`.
        config: the run's resolved settings.
        cohort_size: seeds that were trained together (rounding depends on it).
        dataset_sha256: fingerprint of the examples.
        started_at: when training began, UTC.
        device: name of the device.
        environment: hostname, python, torch, ray, bench, git_commit, git_dirty.
        evaluation: its figures, and by what they were measured.
        curves: learning curves as (steps done, name, value).
        samples: a picture of what the model generates: points (n, d) or images (n, C, H, W) as bytes.
        reference: the same of test data.
        train_seconds: wall time of training; the cohort's, for a run of a cohort.
        eval_seconds: wall time of evaluation.
        steps: training steps done.
        peak_memory_mb: peak memory of the device (CUDA) or the process.
        weights: parameters and buffers of the trained model, by name; kept in a file of their own.
    """

    run_id: str
    suite: str
    method: str
    family: str
    divergence: str | None
    dataset: str
    seed: int
    status: Status
    error: str | None
    config: Mapping[str, Any]
    cohort_size: int
    dataset_sha256: str
    started_at: datetime
    device: str
    environment: Mapping[str, Any]
    evaluation: Evaluation = Evaluation()
    curves: tuple[tuple[int, str, float], ...] = ()
    samples: np.ndarray | None = None
    reference: np.ndarray | None = None
    train_seconds: float | None = None
    eval_seconds: float | None = None
    steps: int | None = None
    peak_memory_mb: float | None = None
    weights: Mapping[str, np.ndarray] | None = None
    stage: str | None = None
    trial: int | None = None

    def to_table(self) -> pa.Table:
        """The record as a table of one row with `SCHEMA`."""
        row = {f: getattr(self, f) for f in SCHEMA.names if f in self.__dataclass_fields__}
        row |= dict(self.environment)
        row |= {column: sorted(getattr(self.evaluation, name).items()) for column, name in _MAPS.items()}
        row |= {"samples": _pack(self.samples), "reference": _pack(self.reference)}
        row["schema_version"] = SCHEMA_VERSION
        row["config"] = json.dumps(self.config, sort_keys=True, ensure_ascii=False)
        row["curves"] = [{"step": s, "metric": m, "value": v} for s, m, v in self.curves]
        row["steps_per_second"] = self.steps / self.train_seconds if self.steps and self.train_seconds else None
        return pa.Table.from_pylist([row], schema=SCHEMA)

    @classmethod
    def from_table(cls, table: pa.Table) -> RunRecord:
        """The record in a table of one row, as `to_table` made it; without weights."""
        row = table.to_pylist()[0]
        evaluation = Evaluation(**{name: dict(row.pop(column) or ()) for column, name in _MAPS.items()})
        row |= {name: None if row[name] is None else unpack_array(row[name]) for name in ("samples", "reference")}
        row["config"] = json.loads(row["config"])
        row["curves"] = tuple((point["step"], point["metric"], point["value"]) for point in row["curves"] or ())
        fields = {name: value for name, value in row.items() if name in cls.__dataclass_fields__}
        return cls(**fields, evaluation=evaluation, environment={name: row[name] for name in ENVIRONMENT})


def _pack(array: np.ndarray | None) -> bytes | None:
    if array is None:
        return None
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def unpack_array(content: bytes) -> np.ndarray:
    """The array that a `samples` or `reference` cell holds."""
    array: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    return array
