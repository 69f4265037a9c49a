"""The train × test matrix: what methods were trained on (rows) against what they are measured by (columns)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.column import FEATURES, Column, Columns, condition_of, divergence_of
from bench.convergence import GROWTH_WITHIN, RESOLVED_FROM
from bench.reporting.tables.arranging import select
from bench.reporting.tables.cells import Header, Table
from bench.reporting.tables.gap import SPREAD
from bench.reporting.text import GROWING, UNRESOLVED, join_names, write_count

ESTIMATED = "train-test"
OF_FEATURES = "train-test-features"
EXACT = "train-test-exact"
KINDS = (ESTIMATED, OF_FEATURES, EXACT)
_WIDTH = 10
_EXPECTED = (
    "In theory the f-GAN trained on a divergence is the best by it, so that the diagonal is the smallest f-GAN of its "
    "column (Nowozin et al. 2016). Here it is so in {} of {}."
)
_OF_FEATURES = "Between the features that FID compares, of as many test and generated examples."
_GROWTH = (
    f"{GROWING} marks a mean with seeds whose estimates have not converged: given half of the points and steps, "
    f"critics stayed behind by more than {GROWTH_WITHIN:g} standard errors, in it or in kl, js or squared_hellinger. "
    "It is likely to be too low by more than its standard error tells."
)
_UNRESOLVED = (
    f"{UNRESOLVED} marks a mean with seeds whose estimates, or those of kl, js or squared_hellinger, are less than "
    f"{RESOLVED_FROM:g} standard errors above zero: too near to it to say what critics miss. They may miss much."
)
_CEILING = (
    "An estimate from n points has a ceiling, at which they are told apart perfectly and n vouches for no larger ratio."
)
_COUNTED = "The diagonal is the smallest f-GAN of its column in {} of {}."


def select_estimates(table: Table, columns: Columns) -> Table | None:
    """The matrix of estimates, or None if the table has none.

    Args:
        table: all columns of a dataset, as `building.build` gives them.
        columns: the declared columns.
    """
    title, chosen = "divergences estimated after training", select(table, is_estimate)
    notes = (*describe_spread(table), *describe_ceilings(chosen), *describe_growth(chosen))
    return _make_matrix(chosen, ESTIMATED, title, notes, _EXPECTED, columns)


def select_of_features(table: Table, columns: Columns) -> Table | None:
    """The matrix of estimates between features, or None if the table has none; its title says what they are of."""
    chosen = _shorten_labels(select(table, is_of_features), columns)
    notes = (_OF_FEATURES, *describe_ceilings(chosen))
    return _make_matrix(chosen, OF_FEATURES, "divergences of features", notes, _COUNTED, columns)


def select_exact(table: Table, columns: Columns) -> Table | None:
    """The matrix of exact values, or None if the table has none; its title says that they are exact."""
    chosen = _shorten_labels(select(table, lambda column: column.is_exact), columns)
    note = "From the densities of data and model, where both are known: closed form or quadrature."
    return _make_matrix(chosen, EXACT, "exact divergences", (note,), _COUNTED, columns)


def is_estimate(column: Column) -> bool:
    """Whether it is the estimate of a divergence."""
    return divergence_of(column.name) is not None


def is_of_features(column: Column) -> bool:
    """Whether it is the estimate of a divergence between features."""
    return (condition_of(column.name) or ("", ""))[1] == FEATURES


def describe_ceilings(table: Table) -> tuple[str, ...]:
    """What is to be said of the ceilings of estimates: how much of them the methods reach, and what ≥ stands for."""
    shares = [text for place, header in enumerate(table.headers) if (text := _write_share(table, place, header))]
    if not shares:
        return ()
    rows = table.of_kind("method")
    bounds = any(cell.is_bound for row in rows for cell in row.cells if cell)
    at = (
        " ≥ marks a mean with seeds at the ceiling: a bound from below, which is never marked as the best."
        if bounds
        else ""
    )
    return (f"{_CEILING} Of it the methods reach, on average over their seeds: {', '.join(shares)}.{at}",)


def describe_growth(table: Table) -> tuple[str, ...]:
    """What ↑ and ° stand for, where a figure of the table bears them."""
    texts = [cell.texts[0] for row in table.rows for cell in row.cells if cell]
    notes = {GROWING: _GROWTH, UNRESOLVED: _UNRESOLVED}
    return tuple(note for mark, note in notes.items() if any(text.endswith(mark) for text in texts))


def _write_share(table: Table, place: int, header: Header) -> str:
    reached = [c.reach for row in table.of_kind("method") if (c := row.cells[place]) and c.reach is not None]
    if not reached:
        return ""
    low, high = (f"{100 * share:.0f}" for share in (min(reached), max(reached)))
    label = f"{header.column.label} ({header.shown})" if header.shown else header.column.label
    return f"{label} {low} %" if low == high else f"{label} {low}–{high} %"


def describe_spread(table: Table) -> tuple[str, ...]:
    """What is to be said of the noise under the estimates, where there is any."""
    levels = [f"{level:.6g}" for level in _list_levels(table)]
    if not levels:
        return ()
    return (
        f"Estimates of the spread divergence: both sides are first convolved with N(0, s²I), s = {join_names(levels)}. "
        "Without it, laws on thin sets, such as images, have infinite divergences.",
    )


def find_spread(table: Table) -> float | None:
    """The level of noise under all of the estimates, where it is one."""
    levels = _list_levels(table)
    return levels[0] if len(levels) == 1 else None


def _list_levels(table: Table) -> list[float]:
    columns = select(table, lambda column: column.name == SPREAD)
    means = (cell.mean for row in columns.rows for cell in row.cells if cell and cell.mean > 0)
    return sorted({float(f"{mean:.6g}") for mean in means})  # equal levels differ by rounding in their means


def count_diagonal(table: Table) -> tuple[int, int]:
    """In how many columns an f-GAN trained on that divergence has the smallest mean of all f-GANs, and of how many.

    Only columns with such an f-GAN and another one count, and only those whose smallest mean is finite and below the
    ceiling of the estimates.
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
        own = [cell for row in rows if row.owns(header) if (cell := row.cells[place])]
        others = [cell for row in rows if not row.owns(header) if (cell := row.cells[place])]
        if not own or not others:
            continue
        smallest = min((*own, *others), key=lambda cell: (cell.mean, not cell.is_bound))
        if smallest.mean < float("inf") and not smallest.is_bound:
            yield any(cell.mean == smallest.mean for cell in own)


def _shorten_labels(table: Table, columns: Columns) -> Table:
    """The table with the divergences' own names in its heads: its title says what is measured of them."""
    headers = tuple(
        replace(header, column=replace(header.column, label=columns.divergence_label(header.column.divergence)))
        for header in table.headers
    )
    return replace(table, headers=headers)


__all__ = [
    "ESTIMATED",
    "EXACT",
    "KINDS",
    "OF_FEATURES",
    "count_diagonal",
    "describe_ceilings",
    "describe_growth",
    "describe_spread",
    "find_spread",
    "is_estimate",
    "is_of_features",
    "select_estimates",
    "select_exact",
    "select_of_features",
]
