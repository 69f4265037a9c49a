"""The table of pairs: every two methods of a dataset compared by the metrics that answer for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from bench.analysis.headlines import Key
from bench.analysis.intervals import BCA, STUDENT
from bench.column import Column, Columns
from bench.reporting.tables.cells import Cell, Header, Row, Table
from bench.reporting.text import EMPTY, write_mean_and_spread, write_significant

PAIRS = "pairs"
_MOST = 60
"""Pairs by one metric up to which all are printed."""
_OPEN_UP_TO = 10
_GROUP = "First less second"
_HEADERS = tuple(
    Header(column, "")
    for column in (
        Column("difference", "Difference", "Mean over shared seeds of first less second.", _GROUP, digits=3),
        Column("interval", "95 % interval", "Of the mean difference.", _GROUP),
        Column("wins", "Won/tied/lost", "Seeds on which the first is better, equal, worse.", _GROUP),
        Column("p_holm", "p after Holm", "Of the sign-flip test.", _GROUP, digits=2),
    )
)
_KINDS = {STUDENT: "Student's t", BCA: "BCa bootstrap"}
_HOW = (
    "Differences are paired by seed. Won, tied and lost count seeds, and a failed run loses to any that finished. A "
    "method is called better or worse only where the interval ({}) and the sign-flip test after Holm over all pairs of "
    "the metric both exclude 0 at 5 %; where no outcome could have, it cannot be told."
)
_CUT = "Of {} pairs by each metric those with the best-ranked method are printed; the CSV file has all."


def build_pairs_table(
    dataset: str, keys: Sequence[Key], pairs: pd.DataFrame, letters: pd.DataFrame, columns: Columns
) -> Table | None:
    """A row for each pair and metric, by metric; None where nothing is compared.

    Args:
        dataset: its name in the frames.
        keys: the metrics that answer for it.
        pairs: comparisons as `compare_methods` gives them.
        letters: as `mark_ties` gives them, the best rank first.
        columns: the declared columns.
    """
    mine = pairs[pairs["dataset"] == dataset]
    parts = [(key, mine[(mine["metric"] == key[0]) & (mine["protocol"] == key[1])]) for key in keys]
    parts = [(key, own) for key, own in parts if not own.empty]
    if not parts:
        return None
    most = max(len(own) for _, own in parts)
    best = {key: _find_best(dataset, key, letters) for key, _ in parts}
    rows = [row for key, own in parts for row in _make_rows(own, best[key], columns.describe(key[0]))]
    intervals = sorted({_KINDS[kind] for _, own in parts for kind in own["interval"] if kind}) or ["none is known"]
    notes = (_HOW.format(" or ".join(intervals)), *([_CUT.format(most)] if most > _MOST else []))
    return Table(
        dataset, _HEADERS, tuple(rows), PAIRS, "pairs of methods", notes, "Verdict on the first",
        heads=("Pair", "Shared seeds"), averaged="mean difference over shared seeds",
        folded=f"Show {len(rows)} comparisons" if len(rows) > _OPEN_UP_TO else "",
        frame=pd.concat([own for _, own in parts], ignore_index=True),
    )  # fmt: skip


def _find_best(dataset: str, key: Key, letters: pd.DataFrame) -> str:
    own = letters[(letters["dataset"] == dataset) & (letters["metric"] == key[0]) & (letters["protocol"] == key[1])]
    return str(own["method"].iloc[0]) if len(own) else ""


def _make_rows(pairs: pd.DataFrame, best: str, column: Column) -> Iterator[Row]:
    kept = pairs if len(pairs) <= _MOST else pairs[(pairs["method"] == best) | (pairs["other"] == best)]
    for row in kept.to_dict(orient="records"):
        told = f"{row['verdict']}: {row['why']}" if row["why"] else str(row["verdict"])
        yield Row(
            f"{row['method']} − {row['other']}", "method", _make_cells(row, column), done=int(row["n"]),
            total=int(row["wins"] + row["ties"] + row["losses"]), aside=told, group=column.heading,
        )  # fmt: skip


def _make_cells(row: dict[Any, Any], column: Column) -> tuple[Cell | None, ...]:
    wins = Cell(float("nan"), None, None, text=f"{row['wins']}/{row['ties']}/{row['losses']}")
    difference = None if pd.isna(row["difference"]) else Cell(float(row["difference"]), None, None, digits=3)
    p = None if pd.isna(row["p_holm"]) else Cell(float(row["p_holm"]), None, None, digits=2)
    interval = Cell(float("nan"), None, None, text=_write_interval(row["low"], row["high"]))
    return difference, interval, wins, p


def _write_interval(low: float, high: float) -> str:
    """Both ends with the digits that their distance supports; a dash where there is no interval."""
    if pd.isna(low) or pd.isna(high):
        return EMPTY
    if low == high:
        return write_significant(low, 3)
    half = (high - low) / 2
    return f"{write_mean_and_spread(low, half, 3)[0]} to {write_mean_and_spread(high, half, 3)[0]}"


__all__ = ["PAIRS", "build_pairs_table"]
