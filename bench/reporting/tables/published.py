"""The table of our figures beside those of papers: difference, and whether both errors cover it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from bench.analysis.published import Placed, collect_errors, compare_orders, compare_published
from bench.column import Column, Columns
from bench.published import PublishedFigure
from bench.reporting.tables.building import make_method_row
from bench.reporting.tables.cells import Cell, Header, Row, Table
from bench.reporting.tables.papers import APART, place_published
from bench.reporting.text import write_significant

PUBLISHED = "published"
_GROUP = "Ours and published"
_HEADERS = tuple(
    Header(column, "")
    for column in (
        Column("ours", "Ours", "Mean over the seeds.", _GROUP),
        Column("published", "Published", "As printed by the source.", _GROUP),
        Column("difference", "Difference", "Ours less published.", _GROUP, digits=3),
        Column("margin", "Both errors", "Half widths of both 95 % intervals, added.", _GROUP, digits=2),
    )
)
_HOW = (
    "Both errors: half of the 95 % interval of our mean (over the seeds; of a single seed by its own standard error), "
    "added to theirs, where their ± is known to be a standard deviation over n runs or a standard error; else to what "
    "they print after ±. Without one, they are held against ours alone. Half a unit of the last printed digit is "
    "allowed for rounding. Only figures under the same protocol are here; budgets and networks may differ, and the "
    "suite's settings say how."
)


def build_published_table(
    dataset: str,
    figures: Sequence[PublishedFigure],
    runs: pd.DataFrame,
    summary: pd.DataFrame,
    counts: pd.DataFrame,
    columns: Columns,
) -> Table | None:
    """A row for each published figure of a method of the suite; None where there is none.

    Args:
        dataset: its name in the frames.
        figures: the published figures on it.
        runs: the runs, told apart.
        summary: as `statistics.summarise` gives it.
        counts: as `statistics.counts` gives it.
        columns: the declared columns.
    """
    mine = summary[summary["dataset"] == dataset]
    measured = list(dict.fromkeys(zip(mine["metric"], mine["protocol"], strict=True)))
    placed = [Placed(f, dataset, place_published(f, measured, columns)[1]) for f in figures]
    comparable = [entry for entry in placed if not entry.protocol.startswith(APART)]
    compared = compare_published(mine, collect_errors(runs, dataset), comparable)
    if compared.empty:
        return None
    ranks = {metric: columns.sort_key(metric) for metric in compared["metric"]}
    ordered = compared.sort_values("metric", key=lambda c: c.map(ranks), kind="stable")
    about = {str(row["method"]): row for row in counts[counts["dataset"] == dataset].to_dict(orient="records")}
    rows = tuple(_make_row(row, about, columns) for row in ordered.to_dict(orient="records"))
    notes = (_HOW, *_tell_orders(compared, columns))
    return Table(
        dataset, _HEADERS, rows, PUBLISHED, "ours beside published figures", notes, "Agreement",
        heads=("Figure and method", "Seeds"),
    )  # fmt: skip


def _make_row(row: Mapping[Hashable, Any], about: Mapping[str, Mapping[Any, Any]], columns: Columns) -> Row:
    column = columns.describe(row["metric"])
    spread = None if pd.isna(row["spread"]) else float(row["spread"])
    std = None if pd.isna(row["std"]) else float(row["std"])
    margin = sum(value for value in (row["margin"], row["published_margin"]) if not pd.isna(value))
    cells = (
        Cell(float(row["ours"]), std, int(row["n"]), digits=column.digits),
        Cell(float(row["published"]), spread, None, given=True),
        None if pd.isna(row["difference"]) else Cell(float(row["difference"]), None, None, digits=3),
        None if pd.isna(row["margin"]) else Cell(float(margin), None, None, digits=2),
    )
    method = str(row["method"])
    whole = make_method_row(about[method], cells)
    return replace(whole, label=f"{column.label}, {method}", divergence="", aside=_tell_source(row))


def _tell_source(row: Mapping[Hashable, Any]) -> str:
    parts = [str(row["agreement"]) or "no error of ours is known", str(row["source"])]
    parts += [f"n = {int(row['published_n'])}"] if not pd.isna(row["published_n"]) else []
    parts += [str(row["note"])] if row["note"] and not pd.isna(row["note"]) else []
    parts += ["recalled, not read"] if row["recalled"] else []
    return "; ".join(parts)


def _tell_orders(compared: pd.DataFrame, columns: Columns) -> Iterator[str]:
    """A sentence on the order of methods, for each metric and source that has three of them or more."""
    for row in compare_orders(compared).to_dict(orient="records"):
        tau = "not defined" if pd.isna(row["tau"]) else write_significant(float(row["tau"]), 2)
        yield (
            f"Order by {columns.describe(row['metric']).label}: published {row['published_order']} ({row['source']}); "
            f"ours {row['our_order']}; Kendall's τ = {tau} over {row['methods']} methods."
        )


__all__ = ["PUBLISHED", "build_published_table"]
