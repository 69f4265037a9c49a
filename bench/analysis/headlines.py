"""Which few metrics answer for a dataset: the headlines that most of its methods have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from bench.column import Column, Columns

Key = tuple[str, str]
"""Metric and protocol."""
MOST = 4
"""Metrics of a dataset that answer for it."""
_BESIDE = 6  # metrics of all datasets together that can be read side by side
_LEAST = 2
_LIKELIHOOD = "Likelihood"
_FID = "fid"


def choose_headlines(figures: pd.DataFrame, columns: Columns) -> dict[str, list[Key]]:
    """Metrics and protocols that answer for each dataset, in the order of printing.

    These are declared headlines with a better end that at least half of the dataset's methods have: the two that
    methods are drawn by, then those that most have, then those that a console shows, then in the order of printing; at
    most four of them, and fewer the more datasets there are. Where no headline was measured, any printed metric with a
    better end may stand in.

    Args:
        figures: as `collect_figures` gives them.
        columns: the declared columns.
    """
    datasets = figures["dataset"].unique().tolist()
    most = min(MOST, max(_LEAST, _BESIDE // max(1, len(datasets))))
    return {name: _choose(figures[figures["dataset"] == name], columns, most) for name in datasets}


def choose_axes(keys: Sequence[Key], columns: Columns) -> tuple[Key, Key] | None:
    """What the methods of a dataset are drawn by: FID and a likelihood, or FID and a divergence; else the first two.

    Args:
        keys: as `choose_headlines` gives them, or more of them, in the order of choice.
        columns: the declared columns.

    Returns:
        The metric of the x axis and that of the y axis; None where there are no two.
    """
    fid = next((key for key in keys if key[0] == _FID), None)
    likelihood = next((key for key in keys if columns.describe(key[0]).group == _LIKELIHOOD), None)
    divergence = next((key for key in keys if columns.describe(key[0]).divergence), None)
    if fid is not None and (other := likelihood or divergence) is not None:
        return fid, other
    return (keys[0], keys[1]) if len(keys) > 1 else None


def list_candidates(figures: pd.DataFrame, columns: Columns) -> list[Key]:
    """Metrics and protocols that at least half of a dataset's methods have, in the order of choice.

    Args:
        figures: of one dataset.
        columns: the declared columns.
    """
    compared = {name: column for name in figures["metric"].unique() if _is_compared(column := columns.describe(name))}
    headlines = {name for name, column in compared.items() if column.headline}
    having = figures.loc[figures["metric"].isin(headlines or set(compared)), ["metric", "protocol", "method"]]
    once = having.drop_duplicates()
    counts = Counter(zip(once["metric"].astype(str), once["protocol"].astype(str), strict=True))
    methods = figures["method"].nunique()
    shared = {key: count for key, count in counts.items() if 2 * count >= methods}
    ordered = sorted(shared, key=lambda key: _rank(key, shared, compared, columns))
    of_metric: dict[str, Key] = {}
    for key in ordered:
        of_metric.setdefault(key[0], key)
    return list(of_metric.values())


def _choose(figures: pd.DataFrame, columns: Columns, most: int) -> list[Key]:
    candidates = list_candidates(figures, columns)
    ordered = dict.fromkeys([*(choose_axes(candidates, columns) or ()), *candidates])
    return sorted(list(ordered)[:most], key=lambda key: columns.sort_key(key[0]))


def _rank(key: Key, counts: Mapping[Key, int], compared: Mapping[str, Column], columns: Columns) -> tuple[object, ...]:
    return -counts[key], compared[key[0]].headline != "line", columns.sort_key(key[0]), key[1]


def _is_compared(column: Column) -> bool:
    return column.better is not None and not column.fixed and column.printed


__all__ = ["MOST", "Key", "choose_axes", "choose_headlines", "list_candidates"]
