"""Reference rows of a table: what real data score in a model's place, and what a perfect model gets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from bench.analysis.statistics import collect_figures, count_outcomes, summarise_figures
from bench.column import Columns
from bench.reporting.tables.building import make_cell, make_method_row
from bench.reporting.tables.cells import Cell, Reference, Row, Table

FLOOR = "floor"
"""Label of the row of floors."""
_NOT_OF_DATA = ("Training", "Cost")
"""Groups of columns that say nothing of data."""
_WHAT = "Reference rows stand apart and compete with no method: {}."
_REAL_DATA = "{} puts training examples in the model's place"
_FLOOR = "the {} is what a perfect model gets in expectation from as many examples, where a formula is known"


def measure_real_data(dataset: str, references: pd.DataFrame, runs: pd.DataFrame, columns: Columns) -> list[Reference]:
    """The rows of one dataset that measure real data: mean and spread over their seeds.

    Args:
        dataset: its name in the frames.
        references: as `attach_references` gives them.
        runs: runs as `identify_runs` gives them; a figure counts as measured alike by the columns of both frames.
        columns: the declared columns.
    """
    mine = references[references["dataset"] == dataset]
    if mine.empty:
        return []
    both = collect_figures(pd.concat([runs[runs["dataset"] == dataset], mine], ignore_index=True), columns)
    summary = summarise_figures(both[both["method"].isin(set(mine["method"]))])
    told = [row for row in summary.to_dict(orient="records") if _applies_to_data(row["metric"], columns)]
    return [
        Reference(
            replace(make_method_row(count, ()), told=_REAL_DATA),
            {
                (row["metric"], row["protocol"]): make_cell(row, columns)
                for row in told
                if row["method"] == count["method"]
            },
        )
        for count in count_outcomes(mine, {}).to_dict(orient="records")
    ]


def place_floors(dataset: str, floors: pd.DataFrame, columns: Columns) -> list[Reference]:
    """The row of one dataset's floors, without seeds or spread; none if no figure has a formula.

    Args:
        dataset: its name in the frames.
        floors: as `bench.analysis.floors` gives them.
        columns: the declared columns.
    """
    mine = floors[floors["dataset"] == dataset]
    cells = {
        (metric, protocol): Cell(float(value), None, None, digits=columns.describe(metric).digits)
        for metric, protocol, value in zip(mine["metric"], mine["protocol"], mine["value"], strict=True)
    }
    return [Reference(Row(FLOOR, "reference", (), told=_FLOOR), cells)] if cells else []


def describe_references(tables: Iterable[Table]) -> str:
    """What the reference rows of some tables are, in a sentence; empty if there are none."""
    labels: dict[str, dict[str, None]] = {}
    for row in (row for table in tables for row in table.of_kind("reference") if row.told):
        labels.setdefault(row.told, {})[row.label] = None
    parts = [told.format(" or ".join(own)) for told, own in labels.items()]
    return _WHAT.format("; ".join(parts)) if parts else ""


def _applies_to_data(metric: str, columns: Columns) -> bool:
    return columns.describe(metric).group not in _NOT_OF_DATA


__all__ = ["FLOOR", "describe_references", "measure_real_data", "place_floors"]
