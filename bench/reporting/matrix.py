"""The train × test matrix: what methods were trained on (rows) against what they are measured by (columns)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.reporting.cells import Row, Table
from bench.reporting.columns import Column, divergence_label, divergence_of, exact_divergence_of
from bench.reporting.overview import listed
from bench.reporting.tables import select
from bench.reporting.text import plural

ESTIMATED = "train-test"
EXACT = "train-test-exact"
KINDS = (ESTIMATED, EXACT)
SPREAD = "divergence_spread"
_WIDTH = 10
_EXPECTED = (
    "In theory the f-GAN trained on a divergence is the best by it, so that the diagonal is the smallest f-GAN of its "
    "column (Nowozin et al. 2016). Here it is so in {} of {}."
)
_COUNTED = "The diagonal is the smallest f-GAN of its column in {} of {}."


def estimated(table: Table) -> Table | None:
    """The matrix of estimates, or None if the table has none.

    Args:
        table: all columns of a dataset, as `tables.build` gives them.
    """
    return _matrix(
        select(table, is_estimate), ESTIMATED, "divergences estimated after training", spread_notes(table), _EXPECTED
    )


def exact(table: Table) -> Table | None:
    """The matrix of exact values, or None if the table has none; its title says that they are exact."""
    chosen = select(table, is_exact)
    headers = tuple(
        replace(header, column=replace(header.column, label=divergence_label(header.column.divergence)))
        for header in chosen.headers
    )
    note = "From the densities of data and model, where both are known: closed form or quadrature."
    return _matrix(replace(chosen, headers=headers), EXACT, "exact divergences", (note,), _COUNTED)


def is_estimate(column: Column) -> bool:
    """Whether it is the estimate of a divergence."""
    return divergence_of(column.name) is not None


def is_exact(column: Column) -> bool:
    """Whether it is the exact value of a divergence."""
    return exact_divergence_of(column.name) is not None


def spread_notes(table: Table) -> tuple[str, ...]:
    """What is to be said of the noise under the estimates, where there is any."""
    columns = select(table, lambda column: column.name == SPREAD)
    levels = sorted({f"{cell.mean:.6g}" for row in columns.rows for cell in row.cells if cell and cell.mean > 0})
    if not levels:
        return ()
    return (
        f"Estimates of the spread divergence: both sides are first convolved with N(0, s²I), s = {listed(levels)}. "
        "Without it, laws on thin sets, such as images, have infinite divergences.",
    )


def diagonal(table: Table) -> tuple[int, int]:
    """In how many columns an f-GAN trained on that divergence has the smallest mean of all f-GANs, and of how many.

    Only columns with such an f-GAN and another one count, and only those whose smallest mean is finite.
    """
    outcomes = list(_outcomes(table))
    return sum(outcomes), len(outcomes)


def _matrix(chosen: Table, kind: str, title: str, notes: tuple[str, ...], counted: str) -> Table | None:
    if not chosen.headers:
        return None
    rows = tuple(replace(row, aside=divergence_label(row.divergence) if row.divergence else "") for row in chosen.rows)
    aside = "Trained on" if any(row.divergence for row in rows) else ""
    smallest, of = diagonal(chosen)
    notes += (counted.format(smallest, plural(of, "column")),) if of else ()
    return replace(chosen, rows=rows, kind=kind, title=title, notes=notes, aside=aside, band=_WIDTH)


def _outcomes(table: Table) -> Iterator[bool]:
    rows = [row for row in table.of_kind("method") if row.divergence]
    for place, header in enumerate(table.headers):
        own = [mean for row in rows if row.owns(header) for mean in _means(row, place)]
        others = [mean for row in rows if not row.owns(header) for mean in _means(row, place)]
        if own and others and min(*own, *others) < float("inf"):
            yield min(own) <= min(others)


def _means(row: Row, place: int) -> list[float]:
    cell = row.cells[place]
    return [] if cell is None else [cell.mean]


__all__ = [
    "ESTIMATED",
    "EXACT",
    "KINDS",
    "SPREAD",
    "diagonal",
    "estimated",
    "exact",
    "is_estimate",
    "is_exact",
    "spread_notes",
]
