"""The table of the gap: one row per f-GAN, and by how much its training bound is below what it bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bench.reporting.cells import Cell, Header, Row, Table
from bench.reporting.columns import Column, describe, divergence_label, lower_end
from bench.reporting.gap import Gap, fgans, percent_below
from bench.reporting.published import PublishedFigure
from bench.reporting.tables import method_row, select

GAP = "gap"
BOUND = "training_bound"
_TITLE = "how loose the training bound is"
_LOOSENESS = "Looseness"
_AFTER = "After training"
_COLUMNS = (
    replace(describe(BOUND), unit=""),
    Column("estimate", "Estimate", _AFTER, "Independent estimate of the same divergence.", digits=3),
    Column("estimate_se", "Standard error", _AFTER, "Of the estimate of one run: median over the seeds.", digits=2),
    Column("exact", "Exact", _AFTER, "Exact value of the same divergence, where it is known."),
    Column("below_exact_percent", "Below exact", _LOOSENESS, "Of the exact value.", "%", digits=3),
    Column("below_estimate_percent", "Below estimate", _LOOSENESS, "Where no exact value is known.", "%", digits=3),
)
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


def gap_table(
    dataset: str, found: Sequence[Gap], counts: pd.DataFrame, published: Sequence[PublishedFigure]
) -> Table | None:
    """One row per f-GAN; None where there is nothing to set beside a bound.

    Args:
        dataset: its name.
        found: as `gaps` gives them.
        counts: as `statistics.counts` gives it.
        published: the published figures on this dataset.
    """
    if not found:
        return None
    headers = tuple(Header(column, "") for column in _COLUMNS)
    rows = [row for count in fgans(dataset, counts) for row in _rows(count, found)]
    rows += _published_rows(published, {gap.method: gap.divergence for gap in found})
    used = {header.column.name for i, header in enumerate(headers) if any(row.cells[i] for row in rows)}
    whole = Table(dataset, headers, tuple(rows), GAP, _TITLE, _notes(rows, found), "Trained on")
    return select(whole, lambda column: column.name in used)


def _rows(count: dict[Any, Any], found: Sequence[Gap]) -> Iterator[Row]:
    mine = [gap for gap in found if gap.method == count["method"]]
    for gap in mine or [Gap(count["method"], count["divergence"], pd.DataFrame())]:
        row = method_row(count, _cells(gap) if mine else [None] * len(_COLUMNS))
        yield replace(row, aside=gap.name)


def _cells(gap: Gap) -> list[Cell | None]:
    loose = gap.looseness()
    return [
        _over_seeds(gap.seeds["bound"], _COLUMNS[0]),
        _over_seeds(gap.seeds["estimate"], _COLUMNS[1]),
        _typical(gap.seeds["se"], _COLUMNS[2]),
        _over_seeds(gap.seeds["exact"], _COLUMNS[3]),
        _over_seeds(loose, _COLUMNS[4]) if gap.reference == "exact" else None,
        _over_seeds(loose, _COLUMNS[5]) if gap.reference == "estimate" else None,
    ]


def _over_seeds(values: pd.Series[float], column: Column) -> Cell | None:
    known = values.dropna()
    if known.empty:
        return None
    std = float(known.std()) if len(known) > 1 and np.isfinite(known).all() else None
    return Cell(float(known.mean()), std, len(known), float(known.min()), float(known.max()), digits=column.digits)


def _typical(errors: pd.Series[float], column: Column) -> Cell | None:
    known = errors.dropna()
    return None if known.empty else Cell(float(known.median()), None, None, digits=column.digits)


def _published_rows(published: Sequence[PublishedFigure], trained_on: Mapping[str, str]) -> list[Row]:
    """Published bounds, and published values of the divergence that the method they name was trained on."""
    rows = []
    for method, source, note in dict.fromkeys((f.method, f.source, f.note) for f in published):
        divergence = trained_on.get(method, "")
        places = {BOUND: 0} | ({f"div_{divergence}": 1, f"div_{divergence}_exact": 3} if divergence else {})
        cells: list[Cell | None] = [None] * len(_COLUMNS)
        for figure in published:
            if (figure.method, figure.source, figure.note) == (method, source, note) and figure.metric in places:
                cells[places[figure.metric]] = Cell(figure.value, figure.spread, None, given=True)
        _add_looseness(cells, divergence)
        detail = f"{source}; {note}" if note else source
        aside = divergence_label(divergence) if divergence else ""
        row = Row(method or source, "published", tuple(cells), detail, divergence=divergence, aside=aside)
        rows += [row] if any(cells) else []
    return rows


def _add_looseness(cells: list[Cell | None], divergence: str) -> None:
    """What published figures say of it, where they give the bound and what it bounds."""
    bound, estimate, _, exact, *_ = cells
    reference, place = (exact, 4) if exact else (estimate, 5)
    if bound and reference and reference.mean != lower_end(divergence):
        percent = percent_below(bound.mean, reference.mean, divergence)
        cells[place] = Cell(percent, None, None, digits=_COLUMNS[place].digits)


def _notes(rows: Sequence[Row], found: Sequence[Gap]) -> tuple[str, ...]:
    loose = [row.kind for row in rows if any(row.cells[4:])]
    told = {
        _WHAT: True,
        _HOW_LOOSE: bool(loose),
        _OF_PUBLISHED: "published" in loose,
        _SPREAD: any(gap.is_spread for gap in found),
    }
    return tuple(note for note, holds in told.items() if holds)


__all__ = ["BOUND", "GAP", "gap_table"]
