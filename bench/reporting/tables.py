"""One table per dataset as data: methods × metrics, reference and published rows beside them, the best marked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any, Literal

import pandas as pd

from bench.reporting.columns import Column, describe, sort_key
from bench.reporting.published import PublishedFigure
from bench.reporting.text import as_given, mean_and_spread

Kind = Literal["method", "reference", "published"]
BAND = 6
"""Metrics that are printed side by side before a table is continued below."""


@dataclass(frozen=True)
class Header:
    """One column of a table.

    Attributes:
        column: the metric.
        protocol: protocol and feature extractor that its figures share.
        shown: what of it must be printed because the table has another column of the same metric.
    """

    column: Column
    protocol: str
    shown: str = ""


@dataclass(frozen=True)
class Cell:
    """The figures of one method in one column.

    Attributes:
        mean: mean over the seeds, or the published value.
        std: standard deviation over the seeds; None for a single seed.
        n: number of seeds; None for published values.
        minimum: smallest value.
        maximum: largest value.
        best: whether it is marked as the best of its column.
        digits: significant digits where no spread says how many there are.
        given: whether it is no statistic of ours but published, or fixed by the data: printed as it was given.
    """

    mean: float
    std: float | None
    n: int | None
    minimum: float | None = None
    maximum: float | None = None
    best: bool = False
    digits: int = 4
    given: bool = False

    @property
    def texts(self) -> tuple[str, str]:
        """Mean and spread in print; a given value without a spread has an empty text there."""
        if self.given:
            return as_given(self.mean), "" if self.std is None else as_given(self.std)
        return mean_and_spread(self.mean, self.std, self.digits)


@dataclass(frozen=True)
class Row:
    """One method, or one published source.

    Attributes:
        label: name of the method.
        kind: whether it is a method of the suite, a reference (such as real against real), or published.
        detail: source and note of a published row.
        done: seeds that finished; None for published rows.
        total: seeds in all.
        outcomes: how many of the others ended in which way.
        cells: one per header; None where the metric does not apply.
    """

    label: str
    kind: Kind
    cells: tuple[Cell | None, ...]
    detail: str = ""
    done: int | None = None
    total: int | None = None
    outcomes: tuple[tuple[str, int], ...] = ()

    @property
    def outcome_text(self) -> str:
        """How the unfinished seeds ended: `1 diverged, 2 not run`."""
        return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in self.outcomes)


@dataclass(frozen=True)
class Table:
    """Methods × metrics of one dataset."""

    dataset: str
    headers: tuple[Header, ...]
    rows: tuple[Row, ...]

    @property
    def sources(self) -> list[tuple[str, list[Row]]]:
        """The published rows by their source."""
        rows = sorted(self.of_kind("published"), key=lambda row: row.detail)
        return [(source, list(run)) for source, run in groupby(rows, key=lambda row: row.detail)]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Groups of neighbouring columns with their widths."""
        return [(name, len(list(run))) for name, run in groupby(header.column.group for header in self.headers)]

    def of_kind(self, *kinds: Kind) -> list[Row]:
        """The rows of the given kinds."""
        return [row for row in self.rows if row.kind in kinds]


def build(dataset: str, summary: pd.DataFrame, counts: pd.DataFrame, published: Iterable[PublishedFigure]) -> Table:
    """The table of one dataset.

    Args:
        dataset: its name in the frames.
        summary: as `statistics.summarise` gives it.
        counts: as `statistics.counts` gives it, in the order of printing.
        published: the published figures on this dataset.
    """
    mine = summary[summary["dataset"] == dataset]
    published = list(published)
    measured = list(dict.fromkeys(zip(mine["metric"], mine["protocol"], strict=True)))
    places = {figure: figure.place(measured) for figure in published}
    keys = sorted(dict.fromkeys([*measured, *places.values()]), key=lambda key: sort_key(key[0]))
    cells = {(row["method"], row["metric"], row["protocol"]): _cell(row) for row in mine.to_dict(orient="records")}
    rows = [_method_row(count, keys, cells) for count in counts[counts["dataset"] == dataset].to_dict(orient="records")]
    rows = sorted(rows, key=lambda row: row.kind != "method")
    rows += _published_rows(keys, places)
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


def bands(table: Table, width: int = BAND) -> list[Table]:
    """The printed columns of the table, cut into tables of at most `width` columns, where possible between groups."""
    table = _columns_of(table, [i for i, header in enumerate(table.headers) if header.column.printed])
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


def _even_chunks(items: Sequence[int], width: int) -> list[list[int]]:
    count = math.ceil(len(items) / width)
    ends = [round(len(items) * i / count) for i in range(count + 1)]
    return [list(items[start:end]) for start, end in pairwise(ends)]


def _columns_of(table: Table, indices: Sequence[int]) -> Table:
    rows = [replace(row, cells=tuple(row.cells[i] for i in indices)) for row in table.rows]
    kept = [row for row in rows if row.kind != "published" or any(row.cells)]
    return Table(table.dataset, tuple(table.headers[i] for i in indices), tuple(kept))


def _headers(keys: Sequence[tuple[str, str]]) -> tuple[Header, ...]:
    names = [metric for metric, _ in keys]
    return tuple(
        Header(describe(metric), protocol, (protocol or "no protocol given") if names.count(metric) > 1 else "")
        for metric, protocol in keys
    )


def _cell(row: Mapping[Any, Any]) -> Cell:
    column = describe(row["metric"])
    std = None if row["n"] < 2 or math.isnan(row["std"]) else float(row["std"])
    given = column.fixed and row["minimum"] == row["maximum"]
    return Cell(
        float(row["mean"]), None if given else std, int(row["n"]), float(row["minimum"]), float(row["maximum"]),
        digits=column.digits, given=given,
    )  # fmt: skip


def _method_row(
    count: Mapping[Any, Any], keys: Sequence[tuple[str, str]], cells: Mapping[tuple[str, str, str], Cell]
) -> Row:
    outcomes = [(s, int(count[s])) for s in ("diverged", "failed", "out_of_memory", "timeout", "not_run") if count[s]]
    return Row(
        count["method"],
        "reference" if count["family"] == "reference" else "method",
        tuple(cells.get((count["method"], *key)) for key in keys),
        done=int(count["done"]),
        total=int(count["total"]),
        outcomes=tuple(outcomes),
    )


def _published_rows(keys: Sequence[tuple[str, str]], places: Mapping[PublishedFigure, tuple[str, str]]) -> list[Row]:
    rows = []
    for method, source, note in dict.fromkeys((figure.method, figure.source, figure.note) for figure in places):
        own = {
            place: Cell(figure.value, figure.spread, None, given=True)
            for figure, place in places.items()
            if (figure.method, figure.source, figure.note) == (method, source, note)
        }
        detail = f"{source}; {note}" if note else source
        rows.append(Row(method or source, "published", tuple(own.get(key) for key in keys), detail))
    return rows


def _best(rows: Iterable[Row], index: int, header: Header) -> float | None:
    means = [cell.mean for row in rows if (cell := row.cells[index]) is not None and math.isfinite(cell.mean)]
    if header.column.direction is None or len(set(means)) < 2:
        return None
    return max(means) if header.column.direction == "higher" else min(means)


def _marked(cell: Cell | None, best: float | None) -> Cell | None:
    return replace(cell, best=True) if cell is not None and best is not None and cell.mean == best else cell


__all__ = ["BAND", "Cell", "Header", "Kind", "Row", "Table", "bands", "build", "mark_best"]
