"""The table that answers: methods × datasets for the few metrics that most methods have, with letters of ties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from scipy import stats

from bench.analysis.headlines import Key
from bench.analysis.statistics import UNFINISHED
from bench.column import Columns
from bench.reporting.tables.arranging import mark_best
from bench.reporting.tables.building import make_cell
from bench.reporting.tables.cells import Cell, Header, Row, Table, describe_average
from bench.reporting.tables.matrix import describe_growth

SORTED_FROM = 13
"""Methods from which on they stand in the order of their ranks."""
_BY_RUNS = ("Method", "Runs")  # over several datasets a row has each seed on each of them
_LETTERS = (
    "Raised letters: methods that share one in a column are not told apart by it (sign-flip test over shared seeds "
    "after Holm over the pairs of the column, and 95 % interval of the difference). The best rank has a. That a "
    "difference was not shown is no proof that there is none."
)
_BOUND = "≥ marks a mean with seeds at the estimate's ceiling: a bound from below, which is never marked as the best."
_ORDER = "Methods stand in the order of their mean rank over the columns, those without a figure last in each."
Place = tuple[str, str, str]
"""Dataset, metric and protocol."""


def build_answer_table(
    chosen: Mapping[str, Sequence[Key]],
    summary: pd.DataFrame,
    counts: pd.DataFrame,
    letters: pd.DataFrame,
    columns: Columns,
) -> Table | None:
    """A row per method, a column per chosen metric of each dataset, failures counted; None without columns.

    Args:
        chosen: metrics by dataset, as `choose_headlines` gives them.
        summary: as `statistics.summarise` gives it.
        counts: as `statistics.count_outcomes` gives it, in the order of printing.
        letters: as `mark_ties` gives them.
        columns: the declared columns.
    """
    places = [(dataset, *key) for dataset, keys in chosen.items() for key in keys]
    if not places:
        return None
    told = _read_letters(letters)
    cells: dict[tuple[str, ...], Cell] = {
        (row["method"], row["dataset"], row["metric"], row["protocol"]): make_cell(row, columns)
        for row in summary.to_dict(orient="records")
    }
    totals = {(row["method"], row["dataset"]): row for row in counts.to_dict(orient="records")}
    rows = [
        _make_row(method, own, [_place(cells, totals, told, method, place) for place in places])
        for method, own in counts.groupby("method", sort=False)
    ]
    table = mark_best(Table("Answer", tuple(_make_headers(places, columns)), tuple(rows)))
    ordered = len(rows) >= SORTED_FROM
    table = _sort_rows(table) if ordered else table
    average = describe_average(cell.n for row in rows for cell in row.cells if cell is not None and cell.n)
    heads = _BY_RUNS if len({dataset for dataset, _, _ in places}) > 1 else table.heads
    notes = tuple(_write_notes(table, ordered))
    return replace(table, title="headline metrics", notes=notes, averaged=average, heads=heads)


def _make_headers(places: Sequence[Place], columns: Columns) -> Iterator[Header]:
    """A column for each place, called by its dataset in files and under it in print."""
    for dataset, metric, protocol in places:
        column = columns.describe(metric)
        yield Header(replace(column, name=f"{metric}[{dataset}]", group=dataset, divergence=""), protocol)


def _make_row(method: object, counts: pd.DataFrame, cells: Sequence[Cell | None]) -> Row:
    outcomes = [(status, int(counts[status].sum())) for status in UNFINISHED]
    return Row(
        str(method), "method", tuple(cells), done=int(counts["done"].sum()), total=int(counts["total"].sum()),
        outcomes=tuple((status, count) for status, count in outcomes if count),
    )  # fmt: skip


def _place(
    cells: Mapping[tuple[str, ...], Cell],
    totals: Mapping[tuple[str, str], Mapping[Any, Any]],
    letters: Mapping[tuple[str, ...], str],
    method: object,
    place: Place,
) -> Cell | None:
    """The figure with what it was planned to be a mean over; a method that finished nowhere there has a dash."""
    name = str(method)
    about, cell = totals.get((name, place[0])), cells.get((name, *place))
    if about is None or (cell is None and about["done"]):
        return None
    shown = cell or Cell(float("nan"), None, 0)
    return replace(shown, planned=int(about["total"]), letters=letters.get((name, *place), ""))


def _read_letters(letters: pd.DataFrame) -> dict[tuple[str, ...], str]:
    return {
        (row["method"], row["dataset"], row["metric"], row["protocol"]): row["letters"]
        for row in letters.to_dict(orient="records")
    }


def _sort_rows(table: Table) -> Table:
    ranks = [_rank([row.cells[place] for row in table.rows], header) for place, header in enumerate(table.headers)]
    means = [sum(own) / len(ranks) for own in zip(*ranks, strict=True)]
    order = sorted(range(len(table.rows)), key=means.__getitem__)
    return replace(table, rows=tuple(table.rows[place] for place in order))


def _rank(cells: Sequence[Cell | None], header: Header) -> list[float]:
    sign = -1.0 if header.column.better == "higher" else 1.0
    scores = [float("inf") if cell is None or not cell.n else sign * cell.mean for cell in cells]
    return [float(rank) for rank in stats.rankdata(scores)]


def _write_notes(table: Table, ordered: bool) -> Iterator[str]:
    cells = [cell for row in table.rows for cell in row.cells if cell is not None]
    if any(cell.letters for cell in cells):
        yield _LETTERS
    if any(cell.is_bound for cell in cells):
        yield _BOUND
    yield from describe_growth(table)
    if ordered:
        yield _ORDER


__all__ = ["SORTED_FROM", "build_answer_table"]
