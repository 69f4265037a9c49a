"""Results as DataFrames: a row per run, a column per metric."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from bench.errors import BenchError
from bench.results.record import SCHEMA, unpack_array
from bench.results.store import RunStore, write_table

_BULKY = ("curves", "samples", "reference", "measured")
_IDENTITY_END = SCHEMA.names.index("metrics")
_PROVENANCE = SCHEMA.names[SCHEMA.names.index("started_at") :]

METRIC_ORDER = (
    "elbo",
    "log_likelihood_iw",
    "parzen_log_likelihood",
    "fid",
    "kid",
    "precision",
    "recall",
    "density",
    "coverage",
    "modes_covered",
    "modes_total",
    "high_quality_fraction",
    "mode_kl",
)
"""Columns that come first, in this order; all others follow by name."""


def load_runs(root: Path, *, references: bool = False) -> pd.DataFrame:
    """A row per run of the suite whose results are at `root`, in the order dataset, method, seed.

    Metrics and protocols are columns; a metric that does not apply to a run is null.

    Args:
        root: the suite's folder.
        references: the reference rows, real data in the models' place, instead of the runs.
    """
    table = RunStore(root).read([name for name in SCHEMA.names if name not in _BULKY], references=references)
    frame = table.to_pandas(types_mapper=_pandas_type)
    metrics = _expand(table, "metrics").astype("float64")
    labels = _expand(table, "labels")
    protocols = _expand(table, "protocols").add_prefix("protocol_")
    identity, provenance = frame[SCHEMA.names[1:_IDENTITY_END]], frame[_PROVENANCE]
    parts = [identity, metrics[_ordered(list(metrics.columns))], provenance, labels, protocols]
    runs: pd.DataFrame = pd.concat(parts, axis="columns")
    return runs.sort_values(["dataset", "method", "seed"], ignore_index=True)


def load_curves(root: Path) -> pd.DataFrame:
    """Learning curves of all runs in long form: run_id, step, metric, value."""
    table = RunStore(root).read(["run_id", "curves"])
    rows = [
        (run_id, point["step"], point["metric"], point["value"])
        for run_id, curve in zip(table["run_id"].to_pylist(), table["curves"].to_pylist(), strict=True)
        for point in curve or ()
    ]
    return pd.DataFrame(rows, columns=["run_id", "step", "metric", "value"])


def load_pictures(root: Path) -> pd.DataFrame:
    """Samples and reference data of the runs that have them, as arrays: run_id, samples, reference."""
    table = RunStore(root).read(["run_id", "samples", "reference"])
    rows = [
        (row["run_id"], unpack_array(row["samples"]), unpack_array(row["reference"]))
        for row in table.to_pylist()
        if row["samples"] is not None and row["reference"] is not None
    ]
    return pd.DataFrame(rows, columns=["run_id", "samples", "reference"])


def compact(root: Path) -> Path:
    """Write `runs.parquet`, a row per run, and `references.parquet` if there are any; return the first one's path."""
    path = Path(root) / "runs.parquet"
    write_table(pa.Table.from_pandas(load_runs(root), preserve_index=False), path)
    references = load_runs(root, references=True)
    if len(references):
        write_table(pa.Table.from_pandas(references, preserve_index=False), path.with_name("references.parquet"))
    return path


def locate(path: str | Path) -> Path:
    """The folder of a suite's results.

    Raises:
        BenchError: if there are none at `path`.
    """
    root = Path(path)
    if (root / "runs").is_dir():
        return root
    suites = sorted(p.parent.name for p in root.glob("*/runs")) if root.is_dir() else []
    hint = f"; it has results of: {', '.join(suites)}" if suites else "; `bench run SUITE` makes them"
    raise BenchError(f"{root}: found no results (no folder runs/){hint}")


def _expand(table: pa.Table, column: str) -> pd.DataFrame:
    """A map column as one column per key."""
    return pd.DataFrame([dict(cell) for cell in table[column].to_pylist()], index=range(table.num_rows))


def _ordered(names: list[str]) -> list[str]:
    """Known metrics first, then the others by name, each followed by its standard error."""

    def key(name: str) -> tuple[int, str, bool]:
        base = name.removesuffix("_se")
        known = METRIC_ORDER.index(base) if base in METRIC_ORDER else len(METRIC_ORDER)
        return known, base, name != base

    return sorted(names, key=key)


def _pandas_type(kind: pa.DataType) -> object:
    """Integers and truth values that may be missing keep their type."""
    return {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)
