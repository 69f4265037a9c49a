"""The table of the gap: one row per f-GAN, and by how much its training bound is below what it bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bench.column import Column, Columns
from bench.published import PublishedFigure
from bench.reporting.tables.arranging import select
from bench.reporting.tables.building import make_method_row
from bench.reporting.tables.cells import Cell, Header, Row, Table
from bench.reporting.tables.gap import Gap, compute_looseness, find_fgans

GAP = "gap"
BOUND = "training_bound"
_TITLE = "how loose the training bound is"
_LOOSENESS = "Looseness"
_AFTER = "After training"
_BESIDE = (
    Column("estimate", "Estimate", "Independent estimate of the same divergence.", _AFTER, digits=3),
    Column("estimate_se", "Standard error", "Of the estimate of one run: median over the seeds.", _AFTER, digits=2),
    Column("exact", "Exact", "Exact value of the same divergence, where it is known.", _AFTER),
    Column("below_exact_percent", "Below exact", "Of the exact value.", _LOOSENESS, "%", digits=3),
    Column("below_estimate_percent", "Below estimate", "Where no exact value is known.", _LOOSENESS, "%", digits=3),
)
"""What stands beside the bound."""
_WHAT = (
    "Training bound: the variational bound of the method's own divergence on training data, where training ended. "
    "Standard error: of the estimate of one run, median over the seeds."
)
_HOW_LOOSE = (
    "Looseness: (D − bound) / |D − D(P‖P)|, seed by seed. D is the exact value where it is known for every seed, else "
    "the estimate; D(P‖P) is 0, for GAN −2 log 2. An estimate is a lower bound itself in expectation, so that the "
    "looseness against it is the least there is. A bound on training data can be above D; the looseness is negative "
    "then. None is given where D is infinite or within two standard errors of D(P‖P)."
)
_OF_PUBLISHED = "In published rows the looseness is computed from what was published."
_SPREAD = (
    "Not comparable: the estimates are of the spread divergence (both sides convolved with noise), the training bound "
    "is not; so no looseness against the estimate is given."
)


def build_gap_table(
    dataset: str,
    found: Sequence[Gap],
    counts: pd.DataFrame,
    published: Sequence[PublishedFigure],
    columns: Columns,
) -> Table | None:
    """One row per f-GAN; None where there is nothing to set beside a bound.

    Args:
        dataset: its name.
        found: as `find_gaps` gives them.
        counts: as `statistics.counts` gives it.
        published: the published figures on this dataset.
        columns: the declared columns.
    """
    if not found:
        return None
    bound = replace(columns.describe(BOUND), unit="", printed=True)
    headers = tuple(Header(column, "") for column in (bound, *_BESIDE))
    rows = [row for count in find_fgans(dataset, counts) for row in _make_rows(count, found, headers, columns)]
    rows += _make_published_rows(published, {gap.method: gap.divergence for gap in found}, headers, columns)
    used = {header.column.name for i, header in enumerate(headers) if any(row.cells[i] for row in rows)}
    whole = Table(dataset, headers, tuple(rows), GAP, _TITLE, _choose_notes(rows, found), "Trained on")
    return select(whole, lambda column: column.name in used)


def _make_rows(
    count: dict[Any, Any], found: Sequence[Gap], headers: Sequence[Header], columns: Columns
) -> Iterator[Row]:
    mine = [gap for gap in found if gap.method == count["method"]]
    if not mine:
        row = make_method_row(count, [None] * len(headers))
        yield replace(row, aside=columns.divergence_label(count["divergence"]))
    for gap in mine:
        yield replace(make_method_row(count, _make_cells(gap, headers)), aside=gap.name)


def _make_cells(gap: Gap, headers: Sequence[Header]) -> list[Cell | None]:
    loose, nothing = gap.looseness(), pd.Series(dtype=float)
    means = {
        BOUND: gap.seeds["bound"],
        "estimate": gap.seeds["estimate"],
        "exact": gap.seeds["exact"],
        "below_exact_percent": loose if gap.reference == "exact" else nothing,
        "below_estimate_percent": loose if gap.reference == "estimate" else nothing,
    }
    return [
        _average(means[header.column.name], header.column)
        if header.column.name in means
        else _find_typical(gap.seeds["se"], header.column)
        for header in headers
    ]


def _average(values: pd.Series[float], column: Column) -> Cell | None:
    known = values.dropna()
    if known.empty:
        return None
    std = float(known.std()) if len(known) > 1 and np.isfinite(known).all() else None
    return Cell(float(known.mean()), std, len(known), float(known.min()), float(known.max()), digits=column.digits)


def _find_typical(errors: pd.Series[float], column: Column) -> Cell | None:
    known = errors.dropna()
    return None if known.empty else Cell(float(known.median()), None, None, digits=column.digits)


def _make_published_rows(
    published: Sequence[PublishedFigure],
    trained_on: Mapping[str | None, str],
    headers: Sequence[Header],
    columns: Columns,
) -> list[Row]:
    """Published bounds, and published values of the divergence that the method they name was trained on."""
    rows = []
    for method, source, note in dict.fromkeys((f.method, f.source, f.note) for f in published):
        divergence = trained_on.get(method, "")
        places = {BOUND: 0} | ({f"div_{divergence}": 1, f"div_{divergence}_exact": 3} if divergence else {})
        cells: list[Cell | None] = [None] * len(headers)
        for figure in published:
            if (figure.method, figure.source, figure.note) == (method, source, note) and figure.metric in places:
                cells[places[figure.metric]] = Cell(figure.value, figure.spread, None, given=True)
        _add_looseness(cells, columns.lower_end(divergence))
        detail = f"{source}; {note}" if note else source
        aside = columns.divergence_label(divergence)
        row = Row(method or source, "published", tuple(cells), detail, divergence=divergence, aside=aside)
        rows += [row] if any(cells) else []
    return rows


def _add_looseness(cells: list[Cell | None], lower: float) -> None:
    """What published figures say of it, where they give the bound and what it bounds."""
    bound, estimate, _, exact, *_ = cells
    reference, place = (exact, 4) if exact else (estimate, 5)
    if bound and reference and reference.mean != lower:
        percent = compute_looseness(bound.mean, reference.mean, lower)
        cells[place] = Cell(percent, None, None, digits=_BESIDE[place - 1].digits)


def _choose_notes(rows: Sequence[Row], found: Sequence[Gap]) -> tuple[str, ...]:
    loose = [row.kind for row in rows if any(row.cells[4:])]
    told = {
        _WHAT: True,
        _HOW_LOOSE: bool(loose),
        _OF_PUBLISHED: "published" in loose,
        _SPREAD: any(gap.is_spread for gap in found),
    }
    return tuple(note for note, holds in told.items() if holds)


__all__ = ["BOUND", "GAP", "build_gap_table"]
