"""The train × test matrix: what methods were trained on (rows) against what they are measured by (columns)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.column import Column, Columns, divergence_of
from bench.reporting.tables.arranging import select
from bench.reporting.tables.cells import Row, Table
from bench.reporting.tables.gap import SPREAD
from bench.reporting.text import join_names, write_count

ESTIMATED = "train-test"
EXACT = "train-test-exact"
KINDS = (ESTIMATED, EXACT)
_WIDTH = 10
_EXPECTED = (
    "In theory the f-GAN trained on a divergence is the best by it, so that the diagonal is the smallest f-GAN of its "
    "column (Nowozin et al. 2016). Here it is so in {} of {}."
)
_COUNTED = "The diagonal is the smallest f-GAN of its column in {} of {}."


def select_estimates(table: Table, columns: Columns) -> Table | None:
    """The matrix of estimates, or None if the table has none.

    Args:
        table: all columns of a dataset, as `building.build` gives them.
        columns: the declared columns.
    """
    title, chosen = "divergences estimated after training", select(table, is_estimate)
    return _make_matrix(chosen, ESTIMATED, title, describe_spread(table), _EXPECTED, columns)


def select_exact(table: Table, columns: Columns) -> Table | None:
    """The matrix of exact values, or None if the table has none; its title says that they are exact."""
    chosen = select(table, lambda column: column.is_exact)
    headers = tuple(
        replace(header, column=replace(header.column, label=columns.divergence_label(header.column.divergence)))
        for header in chosen.headers
    )
    note = "From the densities of data and model, where both are known: closed form or quadrature."
    return _make_matrix(replace(chosen, headers=headers), EXACT, "exact divergences", (note,), _COUNTED, columns)


def is_estimate(column: Column) -> bool:
    """Whether it is the estimate of a divergence."""
    return divergence_of(column.name) is not None


def describe_spread(table: Table) -> tuple[str, ...]:
    """What is to be said of the noise under the estimates, where there is any."""
    columns = select(table, lambda column: column.name == SPREAD)
    levels = sorted({f"{cell.mean:.6g}" for row in columns.rows for cell in row.cells if cell and cell.mean > 0})
    if not levels:
        return ()
    return (
        f"Estimates of the spread divergence: both sides are first convolved with N(0, s²I), s = {join_names(levels)}. "
        "Without it, laws on thin sets, such as images, have infinite divergences.",
    )


def count_diagonal(table: Table) -> tuple[int, int]:
    """In how many columns an f-GAN trained on that divergence has the smallest mean of all f-GANs, and of how many.

    Only columns with such an f-GAN and another one count, and only those whose smallest mean is finite.
    """
    outcomes = list(_judge_columns(table))
    return sum(outcomes), len(outcomes)


def _make_matrix(
    chosen: Table, kind: str, title: str, notes: tuple[str, ...], counted: str, columns: Columns
) -> Table | None:
    if not chosen.headers:
        return None
    rows = tuple(replace(row, aside=columns.divergence_label(row.divergence)) for row in chosen.rows)
    aside = "Trained on" if any(row.divergence for row in rows) else ""
    smallest, of = count_diagonal(chosen)
    notes += (counted.format(smallest, write_count(of, "column")),) if of else ()
    return replace(chosen, rows=rows, kind=kind, title=title, notes=notes, aside=aside, band=_WIDTH)


def _judge_columns(table: Table) -> Iterator[bool]:
    rows = [row for row in table.of_kind("method") if row.divergence]
    for place, header in enumerate(table.headers):
        own = [mean for row in rows if row.owns(header) for mean in _list_means(row, place)]
        others = [mean for row in rows if not row.owns(header) for mean in _list_means(row, place)]
        if own and others and min(*own, *others) < float("inf"):
            yield min(own) <= min(others)


def _list_means(row: Row, place: int) -> list[float]:
    cell = row.cells[place]
    return [] if cell is None else [cell.mean]


__all__ = [
    "ESTIMATED",
    "EXACT",
    "KINDS",
    "count_diagonal",
    "describe_spread",
    "is_estimate",
    "select_estimates",
    "select_exact",
]
