"""Which columns of a frame hold figures, and what each figure was measured by."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import Any

import numpy as np
import pandas as pd

from bench.column import COMPANIONS, OTHER, Columns

_COUNTERS = frozenset({"seed", "cohort_size", "eval_seconds", "steps"})
"""Columns of numbers that every frame of runs has and that say where a row is from, declared or not."""


def list_metrics(runs: pd.DataFrame, columns: Columns) -> list[str]:
    """Names of the columns that hold figures, at least one, in the order of printing.

    Args:
        runs: a row per run.
        columns: the declared columns; every other column of numbers is taken for a figure.
    """
    names = [name for name in runs.columns if _may_hold_figures(name, columns)]
    names = [name for name in names if not _is_companion(name, runs.columns)]
    return sorted((name for name in names if read_numbers(runs[name]).notna().any()), key=columns.sort_key)


def read_numbers(column: pd.Series[Any]) -> pd.Series[float]:
    """A column as float64 with NaN for null; all NaN if it does not hold numbers."""
    if pd.api.types.is_float_dtype(column.dtype) and isinstance(column.dtype, np.dtype):
        return column.astype("float64")
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column) or _holds_texts(column):
        return pd.Series(float("nan"), index=column.index)
    return pd.to_numeric(column, errors="coerce").astype("float64")


def describe_protocol(runs: pd.DataFrame, metric: str, columns: Columns) -> pd.Series[str]:
    """What each run's figure in column `metric` was measured by: protocol and version, network, binarisation, noise, n.

    A column that no protocol column is known to measure takes those that are present wherever it is, so that a new
    version of an unknown metric is kept apart too.
    """
    column = columns.describe(metric)
    known = [name for name in (f"protocol_{metric}", f"protocol_{column.protocol}") if name in runs.columns]
    tell: dict[str, Callable[[Any], str]] = dict.fromkeys(known or _list_protocols(runs, metric, columns), str)
    tell |= {name: columns.describe(name).told.format for name in column.depends_on if name in runs.columns}
    letters = dict((*column.settings, (f"{metric}_n", "n")))
    tell |= {name: f"{letter} = {{:.12g}}".format for name, letter in letters.items() if name in runs.columns}
    return _join_texts(runs, tell, letters)


def _join_texts(runs: pd.DataFrame, tell: dict[str, Callable[[Any], str]], measured: Container[str]) -> pd.Series[str]:
    """What each column tells of a row, in one text; told once for all rows that are alike.

    Args:
        runs: a row per run.
        tell: how a value of each column is told; nothing is told of nulls.
        measured: those of the columns that hold numbers.
    """
    codes, texts = np.zeros(len(runs), dtype=np.int64), np.array([""], dtype=object)
    for name, write in tell.items():
        own, values = pd.factorize(read_numbers(runs[name]) if name in measured else runs[name])
        told = np.array(["", *(write(value) for value in values)], dtype=object)
        pairs, codes = np.unique(codes * len(told) + own + 1, return_inverse=True)
        both = zip(texts[pairs // len(told)], told[pairs % len(told)], strict=True)
        texts = np.array([" · ".join(filter(None, parts)) for parts in both], dtype=object)
    return pd.Series(texts[codes] if len(runs) else [], index=runs.index, dtype=object)


def _list_protocols(runs: pd.DataFrame, metric: str, columns: Columns) -> list[str]:
    """The protocols that may have measured a column: those of no known column, present wherever it is."""
    taken = set(_list_known_protocols(runs, columns))
    measured = runs[metric].notna()
    return [
        name
        for name in runs.columns
        if name.startswith("protocol_") and name not in taken and runs.loc[measured, name].notna().all()
    ]


def _list_known_protocols(runs: pd.DataFrame, columns: Columns) -> Iterator[str]:
    for name in runs.columns:
        column = columns.describe(name)
        if column.role == "figure" and (name in columns or column.group != OTHER):
            yield f"protocol_{column.protocol or name}"


def _may_hold_figures(name: str, columns: Columns) -> bool:
    known = columns.describe(name).role == "figure" and name not in _COUNTERS
    return known and not name.startswith("protocol_")


def _is_companion(name: str, names: Container[str]) -> bool:
    """Whether a column is the standard error or the number of examples of another."""
    return any(name.endswith(suffix) and name.removesuffix(suffix) in names for suffix in COMPANIONS)


def _holds_texts(column: pd.Series[Any]) -> bool:
    if pd.api.types.is_numeric_dtype(column):
        return False
    return pd.api.types.infer_dtype(column, skipna=True) not in {"integer", "floating", "mixed-integer-float", "empty"}


__all__ = ["describe_protocol", "list_metrics", "read_numbers"]
