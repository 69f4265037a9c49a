"""Tasks: fixed pairs of laws, each with a row of its own, estimators side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from bench.column import Column, Columns
from bench.reporting.calibration.frames import TOLERANCE, is_within, keep_tasks
from bench.reporting.calibration.tables import order_divergences
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.style import INK, SOFT, Look, format_axis, shorten_apart
from bench.reporting.tables.cells import Cell, Header, Row, Table, describe_average
from bench.reporting.text import write_significant

TASKS = "tasks"
_PERCENT = 100.0
_WIDEST = 2.5  # times the exact value: estimates beyond are drawn at the edge
_HOW = (
    "Mean of the estimates over the draws, and their standard deviation. In bold: all of a task's estimates are within "
    f"the larger of three of their standard errors and {_PERCENT * TOLERANCE:g} % of the exact value (of "
    f"{_PERCENT * TOLERANCE:g} % alone where an estimator gives no standard error). The last row counts these tasks."
)


def build_tasks(
    title: str, values: pd.DataFrame, known: pd.DataFrame, columns: Columns, shapes: Sequence[str]
) -> list[Table]:
    """For each divergence a table with a row per task and a column per estimator, exact values beside them.

    Args:
        title: what messages and files call it.
        values: as `frames.compare_estimates` gives them, of one number of points.
        known: as `frames.select_runs` gives them, of the same.
        columns: the declared columns.
        shapes: the suite's shapes, which are no tasks.
    """
    told = keep_tasks(values, shapes)
    return [
        _build(title, told[told["divergence"] == name], known, name, columns) for name in _list_names(told, columns)
    ]


def plot_tasks(values: pd.DataFrame, looks: Mapping[str, Look], columns: Columns, shapes: Sequence[str]) -> Plot | None:
    """Mean estimates over exact values, a line per task and a dot per estimator; None without tasks.

    Args:
        values: as `frames.compare_estimates` gives them, of one number of points.
        looks: how each estimator is drawn.
        columns: the declared columns.
        shapes: the suite's shapes, which are no tasks.
    """
    told = keep_tasks(values, shapes)
    told = told[told["error"].notna() & (told["exact"] > 0)]
    names = _list_names(told, columns)[:1]
    if not names:
        return None
    told = told[told["divergence"] == names[0]].assign(ratio=told["estimate"] / told["exact"])
    tasks = list(dict.fromkeys(told["shape"]))
    means = told.groupby(["estimator", "shape"], sort=False)["ratio"].mean().reset_index()
    label = columns.divergence_label(names[0])
    each = means.groupby("estimator", sort=False)["ratio"].mean()
    alt = f"Estimates of {label} over exact values by task; mean: " + ", ".join(
        f"{name} {write_significant(float(each[name]), 2)}" for name in looks if name in each
    )
    panel = Panel(f"Estimate / exact, {label}", partial(_draw, means, tasks, looks), f"{alt}.", means)
    caption = (
        "A dot is the mean of an estimator's estimates of a task over the draws, divided by the exact value; at 1 they "
        f"agree. The band is ±{_PERCENT * TOLERANCE:g} %. What lies beyond an edge is drawn at it."
    )
    used = {name: look for name, look in looks.items() if name in set(means["estimator"])}
    return Plot(TASKS, "Estimates by task", caption, (panel,), (5.0, 0.5 + 0.17 * len(tasks)), 1, used)


def _list_names(values: pd.DataFrame, columns: Columns) -> list[str]:
    """The divergences with a finite exact value for some task, of which estimates are held up to it."""
    return order_divergences(values[values["error"].notna()], columns)


def _build(title: str, values: pd.DataFrame, known: pd.DataFrame, name: str, columns: Columns) -> Table:
    label = columns.divergence_label(name)
    estimators = list(dict.fromkeys(values["estimator"]))
    columns_of = [Column("exact", "Exact", "", label, digits=4)]
    columns_of += [Column(estimator, estimator, "", label, digits=3) for estimator in estimators]
    headers = tuple(Header(column, "") for column in columns_of)
    groups = dict(list(values.groupby(["shape", "estimator"], sort=False)))
    tasks = list(dict.fromkeys(values["shape"]))
    exact = values.groupby("shape", sort=False)["exact"].first()
    rows = [
        _make_row(task, float(exact[task]), [groups.get((task, each)) for each in estimators], known) for task in tasks
    ]
    total = Row("within the bounds", "reference", (None, *(_count_best(rows, i + 1) for i in range(len(estimators)))))
    kind = f"{TASKS}-{name}"
    averaged = describe_average(len(group) for group in groups.values())
    return Table(title, headers, (*rows, total), kind, f"{label} by task", (_HOW,), "", 9, ("Task", "Runs"), averaged)


def _make_row(task: str, exact: float, groups: Sequence[pd.DataFrame | None], known: pd.DataFrame) -> Row:
    statuses = known.loc[known["shape"] == task, "status"].value_counts()
    outcomes = tuple((str(status), int(count)) for status, count in statuses.items() if status != "done")
    cells = (Cell(exact, None, None, digits=4), *map(_make_cell, groups))
    return Row(task, "method", cells, "", int(statuses.get("done", 0)), int(statuses.sum()), outcomes)


def _make_cell(group: pd.DataFrame | None) -> Cell | None:
    usable = None if group is None else group[group["error"].notna()]
    if usable is None or usable.empty:
        return None
    estimates = usable["estimate"].astype(float)
    drawn = len(estimates) if len(estimates) > 1 else None  # of one draw there is no spread to print
    spread = float(estimates.std(ddof=1)) if drawn else None
    return Cell(
        float(estimates.mean()), spread, drawn, float(estimates.min()), float(estimates.max()),
        best=bool(is_within(usable).all()), digits=3,
    )  # fmt: skip


def _count_best(rows: Sequence[Row], column: int) -> Cell:
    cells = [row.cells[column] for row in rows]
    return Cell(float(sum(cell is not None and cell.best for cell in cells)), None, None, given=True)


def _draw(means: pd.DataFrame, tasks: Sequence[str], looks: Mapping[str, Look], axes: Axes) -> None:
    axes.axvspan(1 - TOLERANCE, 1 + TOLERANCE, color=SOFT, alpha=0.2, linewidth=0)
    axes.axvline(1, color=SOFT, linewidth=1)
    places: dict[Any, int] = {task: i for i, task in enumerate(tasks)}
    for name, look in looks.items():
        mine = means[means["estimator"] == name]
        axes.plot(
            mine["ratio"].clip(0, _WIDEST), [places[task] for task in mine["shape"]],
            linestyle="none", marker=look.marker, markersize=4, color=look.colour, alpha=0.85,
        )  # fmt: skip
    axes.set_yticks(range(len(tasks)), shorten_apart(tasks, 48), fontsize=7)
    axes.set_ylim(len(tasks) - 0.4, -0.6)
    axes.set_xlim(0, max(1.2, min(_WIDEST, 1.05 * float(means["ratio"].max()))))
    axes.tick_params(axis="y", labelcolor=INK)
    format_axis(axes, "x")


__all__ = ["TASKS", "build_tasks", "plot_tasks"]
