"""Tables rearranged: some of their columns, cut to the width of a page, the best of each column marked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from bench.column import Column
from bench.reporting.tables.cells import Cell, Header, Row, Table


def mark_best(table: Table) -> Table:
    """Mark the best mean of each column with a better end, and its equals.

    Only methods compete, and only where at least two of them differ: no claim is made beyond the order of the means. An
    estimate at its ceiling is never marked, nor what it may surpass.
    """
    best = [_find_best(table.of_kind("method"), index, header) for index, header in enumerate(table.headers)]
    rows = [
        replace(row, cells=tuple(_mark(cell, value) for cell, value in zip(row.cells, best, strict=True)))
        if row.kind == "method"
        else row
        for row in table.rows
    ]
    return replace(table, rows=tuple(rows))


def split_bands(table: Table, width: int | None = None) -> list[Table]:
    """The printed columns of the table, cut into tables of at most `width` columns, where possible between groups.

    In the table of all metrics, columns that fewer than half of its methods have a figure in come last, with the rows
    of those methods alone: what one family has makes no rows of empty cells for the others.

    Args:
        table: the table.
        width: columns side by side, by default what the table says.
    """
    width = width or table.band
    table = select(table, lambda column: column.printed)
    shared, scarce = _part_scarce(table)
    return [*_split(shared, width), *(_split(scarce, width) if scarce is not None else [])]


def _part_scarce(table: Table) -> tuple[Table, Table | None]:
    """The table without the columns of few methods, and a table of these; None where there are none of them."""
    rows = [row for row in table.of_kind("method") if any(row.cells)]
    counts = [sum(row.cells[place] is not None for row in rows) for place in range(len(table.headers))]
    few = [place for place, count in enumerate(counts) if 0 < 2 * count < len(rows)]
    if table.kind or not few:
        return table, None
    scarce = _take_columns(table, few)
    kept = tuple(row for row in scarce.rows if any(row.cells))
    return _take_columns(table, [i for i in range(len(table.headers)) if i not in few]), replace(scarce, rows=kept)


def _split(table: Table, width: int) -> list[Table]:
    pieces: list[list[int]] = []
    start = 0
    for _, size in table.groups:
        indices = list(range(start, start + size))
        start += size
        chunks = _cut_evenly(indices, width)
        if pieces and len(pieces[-1]) + len(chunks[0]) <= width:
            pieces[-1] += chunks.pop(0)
        pieces += chunks
    return [_take_columns(table, piece) for piece in pieces] or [table]


def select(table: Table, wanted: Callable[[Column], bool]) -> Table:
    """The columns that are wanted; rows other than methods without a figure in any of them are left out."""
    return _take_columns(table, [i for i, header in enumerate(table.headers) if wanted(header.column)])


def _cut_evenly(items: Sequence[int], width: int) -> list[list[int]]:
    count = math.ceil(len(items) / width)
    ends = [len(items) * i // count for i in range(count + 1)]
    return [list(items[start:end]) for start, end in pairwise(ends)]


def _take_columns(table: Table, indices: Sequence[int]) -> Table:
    rows = [replace(row, cells=tuple(row.cells[i] for i in indices)) for row in table.rows]
    kept = [row for row in rows if row.kind == "method" or any(row.cells)]
    return replace(table, headers=tuple(table.headers[i] for i in indices), rows=tuple(kept))


def _find_best(rows: Iterable[Row], index: int, header: Header) -> float | None:
    cells = [cell for row in rows if (cell := row.cells[index]) is not None and math.isfinite(cell.mean)]
    if header.column.better is None or len({(cell.mean, cell.is_bound) for cell in cells}) < 2:
        return None
    found = (max if header.column.better == "higher" else min)(cell.mean for cell in cells)
    undecided = any(cell.is_bound and (cell.mean == found or header.column.better == "higher") for cell in cells)
    return None if undecided else found


def _mark(cell: Cell | None, best: float | None) -> Cell | None:
    return replace(cell, best=True) if cell is not None and best is not None and cell.mean == best else cell


__all__ = ["mark_best", "select", "split_bands"]
