"""The schema of a run's file: one for every run of every suite."""

from __future__ import annotations

import pyarrow as pa

SCHEMA_VERSION = 3
"""2 added `measured`, 3 `stage` and `trial`."""

_TEXT, _NUMBER, _INTEGER = pa.string(), pa.float64(), pa.int64()

SCHEMA = pa.schema(
    [
        pa.field("schema_version", _INTEGER, nullable=False),
        pa.field("run_id", _TEXT, nullable=False),
        pa.field("suite", _TEXT, nullable=False),
        pa.field("method", _TEXT, nullable=False),
        pa.field("family", _TEXT, nullable=False),
        pa.field("divergence", _TEXT),
        pa.field("dataset", _TEXT, nullable=False),
        pa.field("seed", _INTEGER, nullable=False),
        pa.field("stage", _TEXT),
        pa.field("trial", _INTEGER),
        pa.field("status", _TEXT, nullable=False),
        pa.field("error", _TEXT),
        pa.field("config", _TEXT, nullable=False),
        pa.field("cohort_size", _INTEGER, nullable=False),
        pa.field("metrics", pa.map_(_TEXT, _NUMBER), nullable=False),
        pa.field("labels", pa.map_(_TEXT, _TEXT), nullable=False),
        pa.field("protocols", pa.map_(_TEXT, _TEXT), nullable=False),
        pa.field("measured", pa.map_(_TEXT, pa.list_(_TEXT))),
        pa.field("curves", pa.list_(pa.struct([("step", _INTEGER), ("metric", _TEXT), ("value", _NUMBER)]))),
        pa.field("samples", pa.binary()),
        pa.field("reference", pa.binary()),
        pa.field("started_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("train_seconds", _NUMBER),
        pa.field("eval_seconds", _NUMBER),
        pa.field("steps", _INTEGER),
        pa.field("steps_per_second", _NUMBER),
        pa.field("peak_memory_mb", _NUMBER),
        pa.field("device", _TEXT, nullable=False),
        pa.field("hostname", _TEXT, nullable=False),
        pa.field("python", _TEXT, nullable=False),
        pa.field("torch", _TEXT, nullable=False),
        pa.field("ray", _TEXT),
        pa.field("bench", _TEXT, nullable=False),
        pa.field("git_commit", _TEXT),
        pa.field("git_dirty", pa.bool_()),
        pa.field("dataset_sha256", _TEXT, nullable=False),
    ]
)
BULKY = ("curves", "samples", "reference")
"""Columns that a row per run leaves out: they have files of their own when they are compacted."""
IDENTITY = tuple(SCHEMA.names[1 : SCHEMA.names.index("metrics")])
PROVENANCE = tuple(SCHEMA.names[SCHEMA.names.index("started_at") :])
