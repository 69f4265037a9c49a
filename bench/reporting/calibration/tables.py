"""Tables of a calibration: estimators against each other on the samples that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from bench.column import Column, Columns
from bench.convergence import GROWTH_WITHIN, RESOLVED_FROM
from bench.reporting.calibration.frames import keep_shared, measure_accuracy, measure_effort
from bench.reporting.tables.arranging import mark_best
from bench.reporting.tables.cells import Cell, Header, Row, Table

OVERVIEW, DIVERGENCES, DIMENSIONS, SHAPES, SIZES = "estimators", "divergences", "dimensions", "shapes", "sizes"
BIJECTIONS = "bijections"
_HEADS = ("Estimator", "Runs")
_ERROR, _TRUST, _COST = "Error", "Standard error", "Cost"
_PERCENT = 100.0
_TRUE_RATIO = "{} is the bound at the true log p/q of the same points, and its error is the sample's own"
_POOLED = ""  # notes tell what is pooled: there is no mean over seeds
_STATISTICS = (
    Column("median_relative_error", "Median", "", _ERROR, "%", "lower", digits=3),
    Column("relative_rmse", "RMSE", "", _ERROR, "%", "lower", digits=3),
    Column("relative_bias", "Bias", "", _ERROR, "%", None, digits=3),
    Column("coverage", "Coverage ±2 se", "", _TRUST, "%", None, digits=3),
    Column("within", "Within 3 se or 5 %", "", _TRUST, "%", "higher", digits=3),
    Column("above_3_se", "Above by 3 se", "", _TRUST, "%", "lower", digits=2),
    Column("converged", "Converged", "", _TRUST, "%", None, digits=3),
    Column("converged_within_3_se", "… within 3 se", "", _TRUST, "%", "higher", digits=3),
    Column("unusable", "Not finite", "", _TRUST, "", "lower", digits=3),
    Column("seconds", "Time", "", _COST, "s", "lower", digits=2),
)
_HOW = (
    "Error: (estimate − exact) / exact, in per cent, pooled over all pairs of laws and seeds: its size in the median, "
    "its root mean square (RMSE) and its mean (bias). A lower bound errs to below."
)
_TRUSTED = (
    "Coverage: share of exact values within ±2 standard errors of the estimate; 95.4 % if the estimate were unbiased "
    "and normal. Within 3 se or 5 %: share of estimates that are off by no more than the larger of three standard "
    "errors and 5 % of the exact value. Above by 3 se: share of estimates more than 3 standard errors above the exact "
    "value. Converged: share of estimates whose growth, what critics gained by twice the points and steps, is within "
    f"{GROWTH_WITHIN:g} standard errors, and which are {RESOLVED_FROM:g} standard errors above zero at the least, and "
    "kl, js and squared_hellinger too; … within 3 se: share of these that are off by at most three. Not finite: "
    "estimates asked for that are no finite number; they have no part in other figures."
)
_TIMED = "Time: median of one call that estimates all divergences of an estimator."
_GRID = (
    "Root mean square of (estimate − exact) / exact in per cent, pooled over seeds and over all pairs of laws of the "
    "column. Within a column, and for each divergence, all estimators are judged on the same samples."
)


def build_overview(title: str, values: pd.DataFrame, known: pd.DataFrame, columns: Columns) -> Table:
    """A row per estimator and number of points: errors, coverage and time on what the estimators share.

    Args:
        title: what messages and files call it.
        values: as `frames.compare_estimates` gives them.
        known: as `frames.calibration_runs` gives them.
        columns: the declared columns.
    """
    by = ["estimator", "points"]
    common = keep_shared(values)
    told = (
        measure_effort(known, by)
        .merge(measure_accuracy(common, by), on=by, how="left")
        .sort_values("points", kind="stable")
    )
    rows = [
        _make_row(
            row["estimator"], known[known["points"] == row["points"]], _make_cells(row), f"{int(row['points']):,}"
        )
        for row in _list_rows(told)
    ]
    headers = tuple(Header(column, "") for column in _STATISTICS)
    notes = _write_notes(common, columns)
    table = Table(title, headers, tuple(rows), OVERVIEW, "all runs", notes, "Points", len(headers), _HEADS, _POOLED)
    return mark_best(table) if told["points"].nunique() == 1 else table


def build_divergences(title: str, values: pd.DataFrame, known: pd.DataFrame, columns: Columns) -> Table:
    """A row per estimator, a column per divergence: relative RMSE, each column on the samples that all share.

    Args:
        title: what messages and files call it.
        values: as `frames.compare_estimates` gives them, of one number of points.
        known: as `frames.calibration_runs` gives them, of the same.
        columns: the declared columns.
    """
    told = measure_accuracy(keep_shared(values, ["divergence"]), ["estimator", "divergence"])
    names = order_divergences(told, columns)
    headers = tuple(_make_header(name, columns.divergence_label(name)) for name in names)
    cells = {(row["estimator"], row["divergence"]): _make_cell(row, "relative_rmse") for row in _list_rows(told)}
    rows = [
        _make_row(estimator, known, [cells.get((estimator, name)) for name in names])
        for estimator in dict.fromkeys(values["estimator"])
    ]
    return mark_best(
        Table(title, headers, tuple(rows), DIVERGENCES, "RMSE by divergence", (_GRID,), "", 9, _HEADS, _POOLED)
    )


def build_grid(
    title: str, values: pd.DataFrame, known: pd.DataFrame, columns: Columns, column: str, kind: str
) -> Table:
    """A row per divergence and estimator, a column per dimension, shape or size: relative RMSE.

    Args:
        title: what messages and files call it.
        values: as `frames.compare_estimates` gives them, of one number of points.
        known: as `frames.calibration_runs` gives them, of the same.
        columns: the declared columns.
        column: what the columns are: "dimensions", "shape", "size" or "bijection".
        kind: end of its files' names.
    """
    told = measure_accuracy(keep_shared(values, ["divergence", column]), ["estimator", "divergence", column])
    named = column in ("shape", "bijection")
    places = list(dict.fromkeys(values[column])) if named else sorted(set(values[column]))
    unit = {"dimensions": "d = {}", "size": "{} nats"}.get(column, "{}")
    headers = tuple(_make_header(str(place), unit.format(_write_place(place))) for place in places)
    cells = {(r["divergence"], r["estimator"], r[column]): _make_cell(r, "relative_rmse") for r in _list_rows(told)}
    names = order_divergences(told, columns)
    asked = set(zip(told["divergence"], told["estimator"], strict=True))
    rows = [
        _make_row(
            estimator, known, [cells.get((name, estimator, place)) for place in places], columns.divergence_label(name)
        )
        for name in names
        for estimator in dict.fromkeys(values["estimator"])
        if (name, estimator) in asked
    ]
    what = {"dimensions": "dimension", "shape": "shape of the laws", "size": "size", "bijection": "bijection"}[column]
    return Table(title, headers, tuple(rows), kind, f"RMSE by {what}", (_GRID,), "Divergence", 9, _HEADS, _POOLED)


def describe_shared(common: pd.DataFrame, columns: Columns) -> str:
    """In words, what all estimators share."""
    names = order_divergences(common, columns)
    listed = ", ".join(columns.divergence_label(name) for name in names)
    return f"All are judged on the same samples and by the divergences that all of them estimate: {listed or 'none'}."


def order_divergences(values: pd.DataFrame, columns: Columns) -> list[str]:
    """The divergences of some rows, in the order of printing."""
    return sorted(dict.fromkeys(values["divergence"]), key=lambda name: columns.sort_key(f"div_{name}"))


def _write_notes(common: pd.DataFrame, columns: Columns) -> tuple[str, ...]:
    return (describe_shared(common, columns), _HOW, _TRUSTED, _TIMED)


def _make_cells(row: Mapping[Any, Any]) -> list[Cell | None]:
    return [_make_cell(row, column.name, column) for column in _STATISTICS]


def _make_row(estimator: str, known: pd.DataFrame, cells: Sequence[Cell | None], aside: str = "") -> Row:
    """A row with the number of the estimator's runs, and how the unfinished ones ended."""
    mine = known[known["estimator"] == estimator]
    statuses = mine["status"].value_counts()
    outcomes = tuple((str(status), int(count)) for status, count in statuses.items() if status != "done")
    done = int(statuses.get("done", 0))
    row = Row(estimator, "method", tuple(cells), "", done, int(statuses.sum()), outcomes, aside=aside)
    knows = (mine["kind"] == "reference").any()
    return replace(row, kind="reference", told=_TRUE_RATIO) if knows else row


def _list_rows(told: pd.DataFrame) -> Sequence[Mapping[Any, Any]]:
    return told.to_dict(orient="records")


def _make_header(name: str, label: str) -> Header:
    return Header(Column(name, label, "", "Relative RMSE", "%", "lower", digits=3), "")


def _make_cell(row: Mapping[Any, Any], statistic: str, column: Column | None = None) -> Cell | None:
    value = row[statistic]
    if pd.isna(value):
        return None
    unit, digits = ("%", 3) if column is None else (column.unit, column.digits)
    return Cell(float(value) * (_PERCENT if unit == "%" else 1.0), None, None, digits=digits)


def _write_place(place: object) -> str:
    return f"{place:g}" if isinstance(place, float) else str(place)


__all__ = [
    "BIJECTIONS",
    "DIMENSIONS",
    "DIVERGENCES",
    "OVERVIEW",
    "SHAPES",
    "SIZES",
    "build_divergences",
    "build_grid",
    "build_overview",
    "describe_shared",
    "order_divergences",
]
