"""Reference rows: what real data score in a model's place, to be read beside the methods and never as one of them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from bench.reporting.cells import Reference, Table
from bench.reporting.columns import describe
from bench.reporting.floors import LABEL
from bench.reporting.statistics import counts, figures, summary_of
from bench.reporting.tables import cell_of, method_row
from bench.reporting.variants import require

FAMILY = "reference"
"""Family of rows that measure real data."""
_NOT_OF_DATA = ("Training", "Cost")
"""Groups of columns that say nothing of data."""
_SUFFIX = " (reference)"
_TOLD = "Reference rows stand apart and compete with no method: {}."
_DATA_TOLD = "{} puts training examples in the model's place"
_FLOOR_TOLD = "the floor is what a perfect model gets in expectation from as many examples, where a formula is known"


def apart(runs: pd.DataFrame, references: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs of methods and the rows that measure real data, wherever the latter are.

    Args:
        runs: a row per run.
        references: rows that measure real data; None for none.
    """
    given = pd.DataFrame() if references is None else references
    if "family" not in runs.columns or not (runs["family"] == FAMILY).any():
        return runs, given
    inside = runs["family"] == FAMILY
    parts = [frame for frame in (given, runs[inside]) if len(frame)]
    return runs[~inside].reset_index(drop=True), pd.concat(parts, ignore_index=True)


def attached(references: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The reference rows on the very data of some runs, with the runs' names of the datasets.

    A row on data that no run has (another fingerprint under the same name) is left out; so is one without a
    fingerprint where the name stands for several.

    Args:
        references: rows that measure real data.
        runs: runs as `identified` gives them.

    Returns:
        The rows with `dataset, dataset_name, method, method_name` as `identified` gives them. A reference that has the
        name of a method gains a suffix.

    Raises:
        BenchError: if a column that identifies a row is missing.
    """
    if references.empty:
        return pd.DataFrame(columns=["run_id", "method", "dataset", "seed", "status", "dataset_name", "method_name"])
    require(references, "reference rows")
    named = references.rename(columns={"dataset": "dataset_name"})
    keys = [name for name in ("dataset_name", "dataset_sha256") if name in named.columns and name in runs.columns]
    known = runs[["dataset", *keys]].drop_duplicates().drop_duplicates(keys, keep=False)
    found = named.merge(known, on=keys)
    taken = found["method"].isin(set(runs["method"]))
    return found.assign(method_name=found["method"], method=found["method"].where(~taken, found["method"] + _SUFFIX))


def real_data(dataset: str, references: pd.DataFrame, runs: pd.DataFrame) -> list[Reference]:
    """The rows of one dataset that measure real data: mean and spread over their seeds.

    Args:
        dataset: its name in the frames.
        references: as `attached` gives them.
        runs: runs as `identified` gives them; a figure counts as measured alike by the columns of both frames.
    """
    mine = references[references["dataset"] == dataset]
    if mine.empty:
        return []
    both = figures(pd.concat([runs[runs["dataset"] == dataset], mine], ignore_index=True))
    summary = summary_of(both[both["method"].isin(set(mine["method"]))])
    records = [row for row in summary.to_dict(orient="records") if describe(row["metric"]).group not in _NOT_OF_DATA]
    return [
        Reference(
            method_row(count, ()),
            {(row["metric"], row["protocol"]): cell_of(row) for row in records if row["method"] == count["method"]},
        )
        for count in counts(mine, {}).to_dict(orient="records")
    ]


def told(tables: Iterable[Table]) -> str:
    """What the reference rows of some tables are, in a sentence; empty if there are none."""
    labels = list(dict.fromkeys(row.label for table in tables for row in table.of_kind("reference")))
    of_data = [label for label in labels if label != LABEL]
    parts = [_DATA_TOLD.format(" or ".join(of_data))] if of_data else []
    parts += [_FLOOR_TOLD] if LABEL in labels else []
    return _TOLD.format("; ".join(parts)) if parts else ""


__all__ = ["FAMILY", "apart", "attached", "real_data", "told"]
