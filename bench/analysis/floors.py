"""The floor: what a perfect model gets at the sample size at hand, for every figure whose column states a formula."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from bench.analysis.formula import evaluate, find_names
from bench.analysis.measured import describe_protocol, list_metrics, read_numbers
from bench.column import Columns, Floor

FLOORS = ["dataset", "metric", "protocol", "value"]


def compute_floors(runs: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """The floor of every figure, by dataset and protocol: `dataset, metric, protocol, value`.

    There is none where a number that the formula takes is missing or differs between the rows, nor where the formula
    gives no finite number. Only finished runs count.

    Args:
        runs: runs as `identify_runs` gives them.
        columns: the declared columns.

    Raises:
        ArgumentError: if a declared formula is not arithmetic.
    """
    done = runs[runs["status"] == "done"]
    rows = [
        row
        for dataset, mine in done.groupby("dataset", sort=False)
        for row in _compute_for_dataset(dataset, mine, columns)
    ]
    return pd.DataFrame(rows, columns=FLOORS)


def _compute_for_dataset(dataset: object, done: pd.DataFrame, columns: Columns) -> Iterator[tuple[Any, ...]]:
    for metric in list_metrics(done, columns):
        floor = columns.describe(metric).floor
        measured = done[read_numbers(done[metric]).notna()]
        if floor is None or not _holds(floor, measured):
            continue
        for protocol, rows in measured.groupby(describe_protocol(measured, metric, columns), sort=False):
            value = _evaluate(floor.formula, rows)
            if math.isfinite(value):
                yield dataset, metric, protocol, value


def _holds(floor: Floor, rows: pd.DataFrame) -> bool:
    """Whether a formula holds for all of some rows."""
    if not floor.datasets and not floor.labels:
        return True
    held = rows["dataset_name"].isin(floor.datasets)
    for label in (name for name in floor.labels if name in rows.columns):
        held |= rows[label].notna()
    return bool(held.all())


def _evaluate(formula: str, rows: pd.DataFrame) -> float:
    """What a formula gives where each column that it takes has one value in all rows; NaN elsewhere."""
    values = {}
    for name in find_names(formula):
        known = set(read_numbers(rows[name]).unique()) if name in rows.columns else set()
        if len(known) != 1:
            return math.nan
        values[name] = float(known.pop())
    return evaluate(formula, values)


__all__ = ["FLOORS", "compute_floors"]
