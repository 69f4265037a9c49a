"""One table per dataset: methods × metrics, reference and published rows beside them, the best marked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pandas as pd

from bench.reporting.cells import Cell, Header, Reference, Row, Table
from bench.reporting.columns import Column, describe, sort_key
from bench.reporting.published import PublishedFigure


def build(
    dataset: str,
    summary: pd.DataFrame,
    counts: pd.DataFrame,
    published: Iterable[PublishedFigure],
    references: Iterable[Reference] = (),
) -> Table:
    """The table of one dataset.

    Args:
        dataset: its name in the frames.
        summary: as `statistics.summarise` gives it.
        counts: as `statistics.counts` gives it, in the order of printing.
        published: the published figures on this dataset.
        references: rows to read the methods against; figures in columns that no method has are left out.
    """
    mine = summary[summary["dataset"] == dataset]
    published = list(published)
    measured = list(dict.fromkeys(zip(mine["metric"], mine["protocol"], strict=True)))
    places = {figure: figure.place(measured) for figure in published}
    keys = sorted(dict.fromkeys([*measured, *places.values()]), key=lambda key: sort_key(key[0]))
    cells = {(row["method"], row["metric"], row["protocol"]): cell_of(row) for row in mine.to_dict(orient="records")}
    about = counts[counts["dataset"] == dataset].to_dict(orient="records")
    rows = [method_row(count, [cells.get((count["method"], *key)) for key in keys]) for count in about]
    rows += [row for reference in references if any((row := reference.in_columns(keys)).cells)]
    rows += _published_rows(keys, places, {count["method"]: count["divergence"] for count in about})
    return mark_best(Table(dataset, _headers(keys), tuple(rows)))


def mark_best(table: Table) -> Table:
    """Mark the best mean of each column with a better end, and its equals.

    Only methods compete, and only where at least two of them differ: no claim is made beyond the order of the means.
    """
    best = [_best(table.of_kind("method"), index, header) for index, header in enumerate(table.headers)]
    rows = [
        replace(row, cells=tuple(_marked(cell, value) for cell, value in zip(row.cells, best, strict=True)))
        if row.kind == "method"
        else row
        for row in table.rows
    ]
    return replace(table, rows=tuple(rows))


def bands(table: Table, width: int | None = None) -> list[Table]:
    """The printed columns of the table, cut into tables of at most `width` columns, where possible between groups.

    Args:
        table: the table.
        width: columns side by side, by default what the table says.
    """
    width = width or table.band
    table = select(table, lambda column: column.printed)
    pieces: list[list[int]] = []
    start = 0
    for _, size in table.groups:
        indices = list(range(start, start + size))
        start += size
        chunks = _even_chunks(indices, width)
        if pieces and len(pieces[-1]) + len(chunks[0]) <= width:
            pieces[-1] += chunks.pop(0)
        pieces += chunks
    return [_columns_of(table, piece) for piece in pieces] or [table]


def select(table: Table, wanted: Callable[[Column], bool]) -> Table:
    """The columns that are wanted; rows other than methods without a figure in any of them are left out."""
    return _columns_of(table, [i for i, header in enumerate(table.headers) if wanted(header.column)])


def _even_chunks(items: Sequence[int], width: int) -> list[list[int]]:
    count = math.ceil(len(items) / width)
    ends = [len(items) * i // count for i in range(count + 1)]
    return [list(items[start:end]) for start, end in pairwise(ends)]


def _columns_of(table: Table, indices: Sequence[int]) -> Table:
    rows = [replace(row, cells=tuple(row.cells[i] for i in indices)) for row in table.rows]
    kept = [row for row in rows if row.kind == "method" or any(row.cells)]
    return replace(table, headers=tuple(table.headers[i] for i in indices), rows=tuple(kept))


def _headers(keys: Sequence[tuple[str, str]]) -> tuple[Header, ...]:
    names = [metric for metric, _ in keys]
    return tuple(
        Header(describe(metric), protocol, (protocol or "no protocol given") if names.count(metric) > 1 else "")
        for metric, protocol in keys
    )


def cell_of(row: Mapping[Any, Any]) -> Cell:
    """The cell of a row of `statistics.summarise`."""
    column = describe(row["metric"])
    std = None if row["n"] < 2 or math.isnan(row["std"]) else float(row["std"])
    given = column.fixed and row["minimum"] == row["maximum"]
    return Cell(
        float(row["mean"]), None if given else std, int(row["n"]), float(row["minimum"]), float(row["maximum"]),
        digits=column.digits, given=given,
    )  # fmt: skip


def method_row(count: Mapping[Any, Any], cells: Iterable[Cell | None]) -> Row:
    """The row of a method.

    Args:
        count: a row of `statistics.counts`.
        cells: one per column of the table.
    """
    outcomes = [(s, int(count[s])) for s in ("diverged", "failed", "out_of_memory", "timeout", "not_run") if count[s]]
    return Row(
        count["method"],
        "method",
        tuple(cells),
        done=int(count["done"]),
        total=int(count["total"]),
        outcomes=tuple(outcomes),
        divergence=count["divergence"],
    )


def _published_rows(
    keys: Sequence[tuple[str, str]],
    places: Mapping[PublishedFigure, tuple[str, str]],
    trained_on: Mapping[str, str],
) -> list[Row]:
    rows = []
    for method, source, note in dict.fromkeys((figure.method, figure.source, figure.note) for figure in places):
        own = {
            place: Cell(figure.value, figure.spread, None, given=True)
            for figure, place in places.items()
            if (figure.method, figure.source, figure.note) == (method, source, note)
        }
        detail = f"{source}; {note}" if note else source
        cells = tuple(own.get(key) for key in keys)
        rows.append(Row(method or source, "published", cells, detail, divergence=trained_on.get(method, "")))
    return rows


def _best(rows: Iterable[Row], index: int, header: Header) -> float | None:
    means = [cell.mean for row in rows if (cell := row.cells[index]) is not None and math.isfinite(cell.mean)]
    if header.column.direction is None or len(set(means)) < 2:
        return None
    return max(means) if header.column.direction == "higher" else min(means)


def _marked(cell: Cell | None, best: float | None) -> Cell | None:
    return replace(cell, best=True) if cell is not None and best is not None and cell.mean == best else cell


__all__ = ["bands", "build", "cell_of", "mark_best", "method_row", "select"]
