"""Reference rows: what real data score in a model's place, to be read beside the methods and never as one of them."""

from __future__ import annotations

import pandas as pd

from bench.analysis.variants import require

FAMILY = "reference"
"""Family of rows that measure real data."""
_SUFFIX = " (reference)"


def split_references(runs: pd.DataFrame, references: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
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


def attach_references(references: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The reference rows on the very data of some runs, with the runs' names of the datasets.

    A row on data that no run has (another fingerprint under the same name) is left out; so is one without a
    fingerprint where the name stands for several.

    Args:
        references: rows that measure real data.
        runs: runs as `identify_runs` gives them.

    Returns:
        The rows with `dataset, dataset_name, method, method_name` as `identify_runs` gives them. A reference that has
        the name of a method gains a suffix.

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


__all__ = ["FAMILY", "attach_references", "split_references"]
