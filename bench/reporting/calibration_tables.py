"""Tables of a calibration: estimators against each other on the samples that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.reporting.calibration import accuracy, effort, shared
from bench.reporting.cells import Cell, Header, Row, Table
from bench.reporting.columns import Column, divergence_label, sort_key
from bench.reporting.tables import mark_best

OVERVIEW, DIVERGENCES, DIMENSIONS, SHAPES, SIZES = "estimators", "divergences", "dimensions", "shapes", "sizes"
_HEADS = ("Estimator", "Runs")
_ERROR, _TRUST, _COST = "Error", "Standard error", "Cost"
_PERCENT = 100.0
_STATISTICS = (
    Column("median_relative_error", "Median", _ERROR, "", "%", "lower", 3),
    Column("relative_rmse", "RMSE", _ERROR, "", "%", "lower", 3),
    Column("relative_bias", "Bias", _ERROR, "", "%", None, 3),
    Column("coverage", "Coverage ±2 se", _TRUST, "", "%", None, 3),
    Column("above_3_se", "Above by 3 se", _TRUST, "", "%", "lower", 2),
    Column("unusable", "Not finite", _TRUST, "", "", "lower", 3),
    Column("seconds", "Time", _COST, "", "s", "lower", 2),
)
_HOW = (
    "Error: (estimate − exact) / exact, in per cent, pooled over all pairs of laws and seeds: its size in the median, "
    "its root mean square (RMSE) and its mean (bias). A lower bound errs to below."
)
_TRUSTED = (
    "Coverage: share of exact values within ±2 standard errors of the estimate; 95.4 % if the estimate were unbiased "
    "and normal. Above by 3 se: share of estimates more than 3 standard errors above the exact value. Not finite: "
    "estimates asked for that are no finite number; they have no part in the other figures."
)
_TIMED = "Time: median of one call that estimates all divergences of an estimator."
_GRID = (
    "Root mean square of (estimate − exact) / exact in per cent, pooled over seeds and over all pairs of laws of the "
    "column. Within a column, and for each divergence, all estimators are judged on the same samples."
)


def overview_table(title: str, values: pd.DataFrame, known: pd.DataFrame) -> Table:
    """A row per estimator and number of points: errors, coverage and time on what the estimators share.

    Args:
        title: what messages and files call it.
        values: as `calibration.comparisons` gives them.
        known: as `calibration.calibration_runs` gives them.
    """
    by = ["estimator", "points"]
    common = shared(values)
    told = effort(known, by).merge(accuracy(common, by), on=by, how="left").sort_values("points", kind="stable")
    rows = [
        _row(row["estimator"], known[known["points"] == row["points"]], _statistics(row), f"{int(row['points']):,}")
        for row in _records(told)
    ]
    headers = tuple(Header(column, "") for column in _STATISTICS)
    table = Table(title, headers, tuple(rows), OVERVIEW, "all runs", _notes(common), "Points", len(headers), _HEADS)
    return mark_best(table) if told["points"].nunique() == 1 else table


def divergence_table(title: str, values: pd.DataFrame, known: pd.DataFrame) -> Table:
    """A row per estimator, a column per divergence: relative RMSE, each column on the samples that all share.

    Args:
        title: what messages and files call it.
        values: as `calibration.comparisons` gives them, of one number of points.
        known: as `calibration.calibration_runs` gives them, of the same.
    """
    told = accuracy(shared(values, ["divergence"]), ["estimator", "divergence"])
    names = sorted(dict.fromkeys(told["divergence"]), key=lambda name: sort_key(f"div_{name}"))
    headers = tuple(_header(name, divergence_label(name)) for name in names)
    cells = {(row["estimator"], row["divergence"]): _cell(row, "relative_rmse") for row in _records(told)}
    rows = [
        _row(estimator, known, [cells.get((estimator, name)) for name in names])
        for estimator in dict.fromkeys(values["estimator"])
    ]
    return mark_best(Table(title, headers, tuple(rows), DIVERGENCES, "RMSE by divergence", (_GRID,), "", 9, _HEADS))


def grid_table(title: str, values: pd.DataFrame, known: pd.DataFrame, column: str, kind: str) -> Table:
    """A row per divergence and estimator, a column per dimension, shape or size: relative RMSE.

    Args:
        title: what messages and files call it.
        values: as `calibration.comparisons` gives them, of one number of points.
        known: as `calibration.calibration_runs` gives them, of the same.
        column: what the columns are: "dimensions", "shape" or "size".
        kind: end of its files' names.
    """
    told = accuracy(shared(values, ["divergence", column]), ["estimator", "divergence", column])
    places = list(dict.fromkeys(values[column])) if column == "shape" else sorted(set(values[column]))
    unit = {"dimensions": "d = {}", "size": "{} nats"}.get(column, "{}")
    headers = tuple(_header(str(place), unit.format(_plain(place))) for place in places)
    cells = {(r["divergence"], r["estimator"], r[column]): _cell(r, "relative_rmse") for r in _records(told)}
    names = sorted(dict.fromkeys(told["divergence"]), key=lambda name: sort_key(f"div_{name}"))
    asked = set(zip(told["divergence"], told["estimator"], strict=True))
    rows = [
        _row(estimator, known, [cells.get((name, estimator, place)) for place in places], divergence_label(name))
        for name in names
        for estimator in dict.fromkeys(values["estimator"])
        if (name, estimator) in asked
    ]
    what = {"dimensions": "dimension", "shape": "shape of the laws", "size": "size, KL(P‖Q)"}[column]
    return Table(title, headers, tuple(rows), kind, f"RMSE by {what}", (_GRID,), "Divergence", 9, _HEADS)


def shared_text(common: pd.DataFrame) -> str:
    """In words, what all estimators share."""
    names = sorted(dict.fromkeys(common["divergence"]), key=lambda name: sort_key(f"div_{name}"))
    listed = ", ".join(divergence_label(name) for name in names)
    return f"All are judged on the same samples and by the divergences that all of them estimate: {listed or 'none'}."


def _notes(common: pd.DataFrame) -> tuple[str, ...]:
    return (shared_text(common), _HOW, _TRUSTED, _TIMED)


def _statistics(row: Mapping[Any, Any]) -> list[Cell | None]:
    return [_cell(row, column.name, column) for column in _STATISTICS]


def _row(estimator: str, known: pd.DataFrame, cells: Sequence[Cell | None], aside: str = "") -> Row:
    """A row with the number of the estimator's runs, and how the unfinished ones ended."""
    statuses = known.loc[known["estimator"] == estimator, "status"].value_counts()
    outcomes = tuple((str(status), int(count)) for status, count in statuses.items() if status != "done")
    done = int(statuses.get("done", 0))
    return Row(estimator, "method", tuple(cells), "", done, int(statuses.sum()), outcomes, aside=aside)


def _records(told: pd.DataFrame) -> Sequence[Mapping[Any, Any]]:
    return told.to_dict(orient="records")


def _header(name: str, label: str) -> Header:
    return Header(Column(name, label, "Relative RMSE", "", "%", "lower", 3), "")


def _cell(row: Mapping[Any, Any], statistic: str, column: Column | None = None) -> Cell | None:
    value = row[statistic]
    if pd.isna(value):
        return None
    unit, digits = ("%", 3) if column is None else (column.unit, column.digits)
    return Cell(float(value) * (_PERCENT if unit == "%" else 1.0), None, None, digits=digits)


def _plain(place: object) -> str:
    return f"{place:g}" if isinstance(place, float) else str(place)


__all__ = [
    "DIMENSIONS",
    "DIVERGENCES",
    "OVERVIEW",
    "SHAPES",
    "SIZES",
    "divergence_table",
    "grid_table",
    "overview_table",
    "shared_text",
]
