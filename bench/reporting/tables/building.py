"""One table per dataset: methods × metrics, reference and published rows beside them, the best marked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.analysis.statistics import UNFINISHED
from bench.column import Columns
from bench.published import PublishedFigure
from bench.reporting.tables.arranging import mark_best
from bench.reporting.tables.cells import Cell, Header, Reference, Row, Table
from bench.reporting.tables.papers import place_published


def build(
    dataset: str,
    summary: pd.DataFrame,
    counts: pd.DataFrame,
    published: Iterable[PublishedFigure],
    columns: Columns,
    references: Iterable[Reference] = (),
) -> Table:
    """The table of one dataset.

    Args:
        dataset: its name in the frames.
        summary: as `statistics.summarise` gives it.
        counts: as `statistics.counts` gives it, in the order of printing.
        published: the published figures on this dataset.
        columns: the declared columns.
        references: rows to read the methods against; figures in columns that no method has are left out.
    """
    mine = summary[summary["dataset"] == dataset]
    published = list(published)
    measured = list(dict.fromkeys(zip(mine["metric"], mine["protocol"], strict=True)))
    places = {figure: place_published(figure, measured, columns) for figure in published}
    keys = sorted(dict.fromkeys([*measured, *places.values()]), key=lambda key: columns.sort_key(key[0]))
    cells = {
        (row["method"], row["metric"], row["protocol"]): make_cell(row, columns)
        for row in mine.to_dict(orient="records")
    }
    about = counts[counts["dataset"] == dataset].to_dict(orient="records")
    rows = [make_method_row(count, [cells.get((count["method"], *key)) for key in keys]) for count in about]
    rows += [row for reference in references if any((row := reference.in_columns(keys)).cells)]
    rows += _make_published_rows(keys, places, {count["method"]: count["divergence"] for count in about})
    return mark_best(Table(dataset, _make_headers(keys, columns), tuple(rows)))


def make_cell(row: Mapping[Any, Any], columns: Columns) -> Cell:
    """The cell of a row of `statistics.summarise`."""
    column = columns.describe(row["metric"])
    std = None if row["n"] < 2 or math.isnan(row["std"]) else float(row["std"])
    given = column.fixed and row["minimum"] == row["maximum"]
    return Cell(
        float(row["mean"]), None if given else std, int(row["n"]), float(row["minimum"]), float(row["maximum"]),
        digits=column.digits, given=given, reach=None if math.isnan(row["reach"]) else float(row["reach"]),
        at_ceiling=int(row["at_ceiling"]), growing=int(row["growing"]), unresolved=int(row["unresolved"]),
    )  # fmt: skip


def make_method_row(count: Mapping[Any, Any], cells: Iterable[Cell | None]) -> Row:
    """The row of a method.

    Args:
        count: a row of `statistics.counts`.
        cells: one per column of the table.
    """
    outcomes = [(status, int(count[status])) for status in UNFINISHED if count[status]]
    return Row(
        count["method"],
        "method",
        tuple(cells),
        done=int(count["done"]),
        total=int(count["total"]),
        outcomes=tuple(outcomes),
        divergence=count["divergence"],
    )


def _make_headers(keys: Sequence[tuple[str, str]], columns: Columns) -> tuple[Header, ...]:
    names = [metric for metric, _ in keys]
    return tuple(
        Header(columns.describe(metric), protocol, (protocol or "no protocol given") if names.count(metric) > 1 else "")
        for metric, protocol in keys
    )


def _tell(figure: PublishedFigure) -> tuple[str | None, str, str | None, bool]:
    """What figures of one row share."""
    return figure.method, figure.source, figure.note, figure.recalled


def _make_published_rows(
    keys: Sequence[tuple[str, str]],
    places: Mapping[PublishedFigure, tuple[str, str]],
    trained_on: Mapping[str | None, str],
) -> list[Row]:
    rows = []
    for method, source, note, recalled in dict.fromkeys(_tell(figure) for figure in places):
        own = {
            place: Cell(figure.value, figure.spread, None, given=True)
            for figure, place in places.items()
            if _tell(figure) == (method, source, note, recalled)
        }
        detail = "; ".join(part for part in (source, note, "recalled, not read" if recalled else "") if part)
        cells = tuple(own.get(key) for key in keys)
        rows.append(Row(method or source, "published", cells, detail, divergence=trained_on.get(method, "")))
    return rows


__all__ = ["build", "make_cell", "make_method_row"]
