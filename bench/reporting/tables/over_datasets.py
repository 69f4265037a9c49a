"""A metric over all datasets that have it: methods × datasets, and the methods' mean ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from bench.analysis.headlines import Key
from bench.analysis.ranks import average_ranks
from bench.column import Column, Columns
from bench.reporting.tables.answer import build_answer_table
from bench.reporting.tables.arranging import mark_best
from bench.reporting.tables.cells import Cell, Header, Table
from bench.reporting.text import make_slug

OPEN_UP_TO = 12
"""Rows up to which a table stands open on the page."""
_RANKS = (
    "Mean rank: over the datasets that all methods are ranked on, of the mean over seeds of their ranks there; 1 is "
    "the best, a failed run ranks last."
)


def build_metric_tables(
    chosen: Mapping[str, Sequence[Key]],
    summary: pd.DataFrame,
    counts: pd.DataFrame,
    letters: pd.DataFrame,
    ranks: pd.DataFrame,
    columns: Columns,
) -> list[Table]:
    """A table for each chosen metric that two datasets or more have.

    Args:
        chosen: metrics by dataset, as `choose_headlines` gives them.
        summary: as `statistics.summarise` gives it.
        counts: as `statistics.count_outcomes` gives it, in the order of printing.
        letters: as `mark_ties` gives them.
        ranks: as `rank_methods` gives them.
        columns: the declared columns.
    """
    metrics = dict.fromkeys(key[0] for keys in chosen.values() for key in keys)
    tables = []
    for metric in sorted(metrics, key=columns.sort_key):
        own = {dataset: [key for key in keys if key[0] == metric] for dataset, keys in chosen.items()}
        own = {dataset: keys for dataset, keys in own.items() if keys}
        if len(own) < 2:
            continue
        built = build_answer_table(own, summary, counts[counts["dataset"].isin(set(own))], letters, columns)
        if built is not None:
            tables.append(_arrange(built, own, ranks, columns.describe(metric)))
    return [replace(table, notes=(_RANKS,)) if place == 0 else table for place, table in enumerate(tables)]


def _arrange(built: Table, own: Mapping[str, Sequence[Key]], ranks: pd.DataFrame, column: Column) -> Table:
    """A column for each dataset, called by it, and the mean rank."""
    headers = [
        replace(header, column=replace(header.column, label=dataset, group=column.label))
        for dataset, header in zip(own, built.headers, strict=True)
    ]
    found = _find_ranks(own, ranks)
    rows = [
        replace(row, cells=(*row.cells, found.get(row.label)) if found else row.cells)
        for row in built.of_kind("method")
    ]
    if found:
        mean = Column("mean_rank", "Mean rank", _RANKS, column.label, better="lower", lower=1.0, digits=3)
        headers.append(Header(mean, ""))
    long = len(rows) > OPEN_UP_TO
    table = replace(
        built, dataset="Over datasets", headers=tuple(headers), rows=tuple(rows), kind=make_slug(column.name),
        title=column.label, notes=(),
        folded=f"Show {len(rows)} methods" if long else "", band=8,
    )  # fmt: skip
    return mark_best(table)


def _find_ranks(own: Mapping[str, Sequence[Key]], ranks: pd.DataFrame) -> dict[str, Cell]:
    places = {(dataset, *key) for dataset, keys in own.items() for key in keys}
    keys = zip(ranks["dataset"], ranks["metric"], ranks["protocol"], strict=True)
    means = average_ranks(ranks.iloc[[place for place, key in enumerate(keys) if key in places]])
    means = means[means["datasets"] > 1]
    return {
        str(row["method"]): Cell(float(row["rank"]), None, None, digits=3) for row in means.to_dict(orient="records")
    }


__all__ = ["OPEN_UP_TO", "build_metric_tables"]
