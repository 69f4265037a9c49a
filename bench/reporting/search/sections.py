"""The page's sections on a search: one for each dataset."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bench.column import Columns
from bench.reporting.figures.style import Look
from bench.reporting.page.sections import Block, Section
from bench.reporting.search.figure import BEST, plot_best_of_k
from bench.reporting.search.frames import Searched
from bench.reporting.search.table import WINNERS, build_winner_table

KINDS = (WINNERS, BEST)
"""Kinds of its tables and figures, for their files' names."""


def build_sections(
    searched: Searched,
    anchors: Mapping[str, str],
    summary: pd.DataFrame,
    looks: Mapping[str, Look],
    columns: Columns,
) -> list[Section]:
    """A section for each dataset that was searched on.

    Args:
        searched: the search.
        anchors: file names by the datasets' names, in the order of the page; datasets without one are left out.
        summary: what the winners came to, as `summarise` gives it.
        looks: how each method is drawn.
        columns: the declared columns.
    """
    sections = []
    for dataset, anchor in anchors.items():
        table = build_winner_table(dataset, searched, list(looks), summary, columns)
        plot = plot_best_of_k(dataset, searched, looks)
        blocks = [] if table is None else [Block(table=table)]
        blocks += [] if plot is None else [Block(plot.kind, plot.title, plot=plot)]
        if blocks:
            sections.append(Section(f"Search on {dataset}", anchor, tuple(blocks), dataset=dataset))
    return sections
