"""The sections on all datasets together: the answer that opens the page, metrics over datasets, and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.analysis.costs import summarise_costs
from bench.analysis.headlines import Key, choose_headlines
from bench.analysis.letters import LETTERS, mark_ties
from bench.analysis.pairs import PAIRS, compare_methods
from bench.analysis.ranks import RANKS, rank_methods, success_rates
from bench.column import Columns
from bench.reporting.figures.style import Look
from bench.reporting.figures.trade_off import TRADE_OFF, plot_trade_off
from bench.reporting.page.findings import tell_findings
from bench.reporting.page.sections import Block, Section
from bench.reporting.tables.answer import build_answer_table
from bench.reporting.tables.costs import SUCCESS, build_cost_table, build_success_table
from bench.reporting.tables.over_datasets import build_metric_tables

ANSWER, OVER_DATASETS, COST = "answer", "over-datasets", "cost"
_PLACE = ["dataset", "metric", "protocol"]


@dataclass(frozen=True)
class Compared:
    """The methods compared by the metrics that answer for each dataset.

    Attributes:
        chosen: these metrics, by dataset.
        pairs: as `compare_methods` gives them.
        letters: as `mark_ties` gives them.
        ranks: as `rank_methods` gives them.
    """

    chosen: Mapping[str, Sequence[Key]]
    pairs: pd.DataFrame
    letters: pd.DataFrame
    ranks: pd.DataFrame


def compare(runs: pd.DataFrame, values: pd.DataFrame, datasets: Sequence[str], columns: Columns) -> Compared:
    """Compare methods by the metrics that answer for each dataset.

    Args:
        runs: a row per run, as `bench.load` gives it.
        values: as `statistics.collect_figures` gives them.
        datasets: in the order of printing.
        columns: the declared columns.
    """
    found = choose_headlines(values, columns)
    chosen = {dataset: found[dataset] for dataset in datasets if found.get(dataset)}
    places = {(dataset, *key) for dataset, keys in chosen.items() for key in keys}
    metrics = sorted({metric for _, metric, _ in places})
    if not metrics:
        empty = (pd.DataFrame(columns=names) for names in (PAIRS, LETTERS, RANKS))
        return Compared(chosen, *empty)
    pairs = _keep(compare_methods(runs, columns, metrics=metrics), places)
    ranks = _keep(rank_methods(runs, columns, metrics=metrics), places)
    return Compared(chosen, pairs, mark_ties(pairs, ranks), ranks)


def build_answer(
    compared: Compared,
    values: pd.DataFrame,
    summary: pd.DataFrame,
    counts: pd.DataFrame,
    looks: Mapping[str, Look],
    columns: Columns,
) -> Section:
    """The section that opens the page: what follows in sentences, one table, one figure."""
    table = build_answer_table(compared.chosen, summary, counts, compared.letters, columns)
    plot = plot_trade_off(values, summary, looks, columns)
    blocks = [Block(table=table)] if table is not None else []
    blocks += [Block(TRADE_OFF, plot.title, plot=plot)] if plot is not None else []
    return Section("Answer", ANSWER, tuple(blocks), tuple(tell_findings(compared.pairs, counts, columns)))


def build_over_datasets(
    compared: Compared, summary: pd.DataFrame, counts: pd.DataFrame, columns: Columns
) -> list[Section]:
    """The section of metrics that several datasets have; none without."""
    tables = build_metric_tables(compared.chosen, summary, counts, compared.letters, compared.ranks, columns)
    blocks = [Block(table.kind, table.headers[0].column.group, table) for table in tables]
    return [Section("Over datasets", OVER_DATASETS, tuple(blocks))] if blocks else []


def build_costs(runs: pd.DataFrame, counts: pd.DataFrame, columns: Columns) -> list[Section]:
    """The section of costs, and of the share of runs that finished where not all did; none without.

    Args:
        runs: runs as `identify_runs` gives them.
        counts: as `statistics.count_outcomes` gives it.
        columns: the declared columns.
    """
    if runs.empty:
        return []
    costs = build_cost_table(summarise_costs(runs, columns), counts, columns)
    success = build_success_table(success_rates(runs), counts)
    blocks = [Block(table=costs)] if costs is not None else []
    blocks += [Block(SUCCESS, "Runs that finished", success)] if success is not None else []
    return [Section("Cost", COST, tuple(blocks))] if blocks else []


def _keep(frame: pd.DataFrame, places: set[tuple[str, str, str]]) -> pd.DataFrame:
    """The rows of the chosen metrics."""
    kept = [place for place, key in enumerate(frame[_PLACE].itertuples(index=False, name=None)) if key in places]
    return frame.iloc[kept].reset_index(drop=True)


__all__ = [
    "ANSWER",
    "COST",
    "OVER_DATASETS",
    "Compared",
    "build_answer",
    "build_costs",
    "build_over_datasets",
    "compare",
]
