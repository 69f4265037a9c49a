"""The table of winners: which trial, its figure on validation data, what it came to on test data, its settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from bench.analysis.statistics import UNFINISHED
from bench.column import Columns
from bench.reporting.search.frames import Searched
from bench.reporting.tables.arranging import select
from bench.reporting.tables.building import make_cell
from bench.reporting.tables.cells import Cell, Header, Row, Table

WINNERS = "winners"
_GROUP = "Search"
_TIES = (
    "Trials that diverged, failed, ran out of memory or time rank last and are counted; ties go to the first trial. "
    "The figure on validation data is the best of many and flatters; runs of the winner with fresh seeds, on test "
    "data, do not."
)

_RUNG = (
    " All were trained for {steps:g} of the steps, the best {keep:g} of each method in full: these are counted here."
)


def build_winner_table(
    dataset: str, searched: Searched, methods: Sequence[str], summary: pd.DataFrame, columns: Columns
) -> Table | None:
    """A row per method; None where nothing was searched on the dataset.

    Args:
        dataset: its name.
        searched: the search.
        methods: their names, in the order of printing.
        summary: what the winners came to, as `summarise` gives it.
        columns: the declared columns.
    """
    mine = searched.winners[searched.winners["dataset"] == dataset].set_index("method")
    if mine.empty:
        return None
    order = [*(name for name in methods if name in mine.index), *(name for name in mine.index if name not in methods)]
    column = searched.column
    about = {
        "validation": "Figure of the winning trial on validation data.",
        "test": "The same figure of the winner's runs with fresh seeds, on test data.",
    }
    headers = tuple(
        Header(
            replace(
                column, name=f"{column.name}_{split}", label=f"{column.label}, {split}", description=text, group=_GROUP,
                printed=True, protocol="", depends_on=(), settings=(), floor=None, headline="",
            ),
            "",
        )
        for split, text in about.items()
    )  # fmt: skip
    rows = tuple(_make_row(dataset, name, mine.loc[name], searched, summary, columns) for name in order)
    used = [any(row.cells[i] for row in rows) for i in range(len(headers))]
    kept = {header.column.name for header, has in zip(headers, used, strict=True) if has}
    table = Table(
        dataset, headers, rows, WINNERS, "winners of the search", (_describe(searched), _TIES), "Winner",
        heads=("Method", "Trials"),
    )  # fmt: skip
    return select(table, lambda own: own.name in kept)


def _describe(searched: Searched) -> str:
    block, column = searched.block, searched.column
    depends = "; trials depend on those before them" if searched.is_adaptive else ""
    rung = searched.rung
    stopped = "" if rung is None else _RUNG.format(**rung)
    shared = "" if searched.is_adaptive else ", the same for every method where keys are shared"
    return (
        f"{block['trials']} trials of every method{shared}: {searched.sampler} (seed {block.get('seed', 0)}){depends}. "
        f"Chosen by {column.label} on the validation split, {searched.better} is better.{stopped}"
    )


def _make_row(
    dataset: str, method: str, winner: Mapping[Any, Any], searched: Searched, summary: pd.DataFrame, columns: Columns
) -> Row:
    trials = searched.trials
    ended = trials[(trials["dataset"] == dataset) & (trials["method"] == method)]["status"].value_counts()
    outcomes = tuple((status, int(ended[status])) for status in UNFINISHED if ended.get(status))
    done, total = int(ended.get("done", 0)), int(winner["trials"])
    if pd.isna(winner["trial"]):
        none = f"none: no trial has a figure in {searched.column.name}"
        return Row(method, "method", (None, None), done=done, total=total, outcomes=outcomes, aside=none)
    validation = Cell(float(winner["value"]), None, None, digits=searched.column.digits)
    settings = searched.settings_of(dataset, method, int(winner["trial"]))
    told = ", ".join(f"{key} {_write(value)}" for key, value in settings.items())
    aside = f"trial {winner['trial']}: {told}"
    cells = (validation, _find_test(dataset, method, searched, summary, columns))
    return Row(method, "method", cells, done=done, total=total, outcomes=outcomes, aside=aside)


def _find_test(dataset: str, method: str, searched: Searched, summary: pd.DataFrame, columns: Columns) -> Cell | None:
    """The winner's figure where there is one, under one protocol."""
    mine = summary[
        (summary["dataset"] == dataset) & (summary["method"] == method) & (summary["metric"] == searched.column.name)
    ]
    return make_cell(mine.iloc[0].to_dict(), columns) if len(mine) == 1 else None


def _write(value: Any) -> str:  # noqa: ANN401 - any setting
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, default=str)
