"""What a page is made of, whatever it reports on: sections, and blocks of a heading, a table and a figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bench.column import Columns
from bench.reporting.figures.panels import Plot
from bench.reporting.figures.style import Look
from bench.reporting.page.failures import Failure
from bench.reporting.search.frames import FILES as SEARCH_FILES
from bench.reporting.tables.cells import Table
from bench.reporting.text import make_slug

RESERVED = frozenset({
    "main", "failures", "columns", "settings", "provenance", "summary", "answer", "answer-trade-off", "over-datasets",
    "cost", "cost-success", *SEARCH_FILES,
})  # fmt: skip
"""Names of the page's own parts and files, which no section may take."""


@dataclass(frozen=True)
class Frames:
    """What a report is made from: the arguments of `bench.reporting.render`, the declared columns read."""

    runs: pd.DataFrame
    curves: pd.DataFrame
    pictures: pd.DataFrame
    suite: Mapping[str, Any]
    references: pd.DataFrame = field(default_factory=pd.DataFrame)
    columns: Columns = field(default_factory=Columns)
    search: pd.DataFrame = field(default_factory=pd.DataFrame)
    choices: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """A heading with what stands under it; without a title it opens its section.

    Attributes:
        kind: end of its anchor; empty for the one that opens the section.
        title: its heading.
        table: its table, called by the table's own kind in files.
        plot: its figure, likewise.
    """

    kind: str = ""
    title: str = ""
    table: Table | None = None
    plot: Plot | None = None


@dataclass(frozen=True)
class Section:
    """What the page shows of one dataset, or of whatever else a kind of suite is divided into.

    Attributes:
        title: its heading.
        anchor: its anchor, and the beginning of its files' names.
        blocks: what stands in it.
        sentences: what it opens with.
        dataset: the dataset that all of it is about; empty where it is about several.
    """

    title: str
    anchor: str
    blocks: tuple[Block, ...]
    sentences: tuple[str, ...] = ()
    dataset: str = ""

    @property
    def tables(self) -> list[Table]:
        """Its tables, in the order of reading."""
        return [block.table for block in self.blocks if block.table is not None]

    @property
    def plots(self) -> list[Plot]:
        """Its figures, likewise."""
        return [block.plot for block in self.blocks if block.plot is not None]


@dataclass(frozen=True)
class Content:
    """Everything that the page and its files show.

    Attributes:
        runs: the runs, told apart.
        whole: tables with every column, printed or not, by anchor: for the CSV files.
        summary: all figures in tidy form: the file summary.csv.
        paragraph: what was run on what, and how it ended.
        notes: what the suite says of itself.
        guide: how to read the tables.
        failures: the runs that did not finish.
        sections: the parts of the page.
        looks: how each method is drawn.
        beside: frames that are files beside the tables, by name.
    """

    runs: pd.DataFrame
    whole: Mapping[str, Table]
    summary: pd.DataFrame
    paragraph: str
    guide: str
    failures: Sequence[Failure]
    sections: tuple[Section, ...]
    looks: Mapping[str, Look]
    beside: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def assign_anchors(names: Iterable[str], kinds: Iterable[str]) -> dict[str, str]:
    """A file name for each name, such that no two files or anchors are alike even where letter case does not count.

    Args:
        names: distinct names.
        kinds: what is appended to the file names: `ring`, `ring-gap`, …
    """
    suffixes = ("", *(f"-{kind}" for kind in kinds))
    found: dict[str, str] = {}
    taken = set(RESERVED)
    for name in names:
        base, number = make_slug(name), 1
        candidate = base
        while taken & (own := {f"{candidate}{suffix}".casefold() for suffix in suffixes}):
            number += 1
            candidate = f"{base}-{number}"
        taken |= own
        found[name] = candidate
    return found


__all__ = ["RESERVED", "Block", "Content", "Frames", "Section", "assign_anchors"]
