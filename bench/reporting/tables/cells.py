"""What a table is made of: headers, rows, and cells that know how they are printed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Literal

import pandas as pd

from bench.analysis.statistics import OUTCOME_LABELS
from bench.column import Column
from bench.reporting.text import AT_LEAST, GROWING, UNRESOLVED, write_as_given, write_mean_and_spread, write_significant

Kind = Literal["method", "reference", "published"]
BAND = 6
"""Metrics that are printed side by side in a table that does not say otherwise, and in any table on paper."""
_LETTER, _LONG_RUN = re.compile(r"[a-z]\d*"), 4


@dataclass(frozen=True)
class Header:
    """One column of a table.

    Attributes:
        column: the metric.
        protocol: protocol and feature extractor that its figures share.
        shown: what of it must be printed because the table has another column of the same metric.
    """

    column: Column
    protocol: str
    shown: str = ""


@dataclass(frozen=True)
class Cell:
    """The figures of one method in one column.

    Attributes:
        mean: mean over the seeds, or the published value.
        std: standard deviation over the seeds; None for a single seed.
        n: number of seeds; None for figures that are no mean over the seeds.
        minimum: smallest value.
        maximum: largest value.
        best: whether it is marked as the best of its column.
        digits: significant digits where no spread says how many there are.
        given: whether it is no statistic of ours but published, or fixed by the data: printed as it was given.
        reach: mean share of its ceiling that the estimate reaches; None where it is not known, or there is none.
        at_ceiling: number of seeds whose estimate is at its ceiling: with any the mean is a bound from below.
        growing: number of seeds whose estimate is growing: with any the mean is likely to be too low.
        unresolved: number of seeds whose estimate is too small beside its noise to say what it lacks.
        letters: shared with the methods of its column that it is not told apart from.
        planned: seeds that it should be a mean over, where its row counts those of several datasets.
        text: printed in place of a number.
    """

    mean: float
    std: float | None
    n: int | None
    minimum: float | None = None
    maximum: float | None = None
    best: bool = False
    digits: int = 4
    given: bool = False
    reach: float | None = None
    at_ceiling: int = 0
    growing: int = 0
    unresolved: int = 0
    letters: str = ""
    planned: int | None = None
    text: str = ""

    @property
    def is_bound(self) -> bool:
        """Whether the figure is a bound from below and nothing more, so that it can be neither best nor worst."""
        return self.at_ceiling > 0

    @property
    def texts(self) -> tuple[str, str]:
        """Mean and spread in print; the latter is empty where there can be none."""
        if self.text:
            return self.text, ""
        mean, spread = self._write()
        if self.is_bound:
            return f"{AT_LEAST}{mean}", spread
        mark = GROWING if self.growing else UNRESOLVED if self.unresolved else ""
        return f"{mean}{mark}", spread

    @property
    def sort_value(self) -> float | None:
        """What rows are sorted by; None where there is no finite figure."""
        return None if self.text or not math.isfinite(self.mean) else self.mean

    @property
    def ties(self) -> str:
        """Its letters in print, four and more neighbours in the alphabet as `a–d`."""
        return write_letters(self.letters)

    def _write(self) -> tuple[str, str]:
        if self.given:
            return write_as_given(self.mean), "" if self.std is None else write_as_given(self.std)
        if self.n is None or not math.isfinite(self.mean):
            return write_significant(self.mean, self.digits), ""
        return write_mean_and_spread(self.mean, self.std, self.digits)


@dataclass(frozen=True)
class Row:
    """One method, or one published source.

    Attributes:
        label: name of the method.
        kind: whether it is a method of the suite, a reference, or published.
        detail: source and note of a published row.
        done: seeds that finished; None for rows that are no mean over seeds.
        total: seeds in all.
        outcomes: how many of the others ended in which way.
        cells: one per header; None where the metric does not apply.
        divergence: the f-divergence it was trained on; empty for any other objective.
        aside: what the table's column of text says of it.
        group: heading of the neighbouring rows that it belongs to; empty for none.
        told: of a reference, what it is, in a clause with {} for its label; empty where the table's notes say it.
    """

    label: str
    kind: Kind
    cells: tuple[Cell | None, ...]
    detail: str = ""
    done: int | None = None
    total: int | None = None
    outcomes: tuple[tuple[str, int], ...] = ()
    divergence: str = ""
    aside: str = ""
    group: str = ""
    told: str = ""

    def tell_n(self, cell: Cell) -> str:
        """How many seeds a figure is of, where they are not those of the row."""
        if cell.planned is not None:
            return "" if cell.n == cell.planned else f"n = {cell.n} of {cell.planned}"
        return "" if self.done is None or cell.n in (None, self.done) else f"n = {cell.n}"

    def owns(self, header: Header) -> bool:
        """Whether the column is of the divergence that the row was trained on."""
        return bool(self.divergence) and self.divergence == header.column.divergence

    @property
    def outcome_text(self) -> str:
        """How the unfinished seeds ended: `1 diverged, 2 not run`."""
        return ", ".join(f"{count} {OUTCOME_LABELS[status]}" for status, count in self.outcomes)


@dataclass(frozen=True)
class Reference:
    """A row to read methods against, before it is known which columns its table has.

    Attributes:
        row: the row, without cells.
        cells: its figures, by metric and protocol.
    """

    row: Row
    cells: Mapping[tuple[str, str], Cell]

    def in_columns(self, keys: Iterable[tuple[str, str]]) -> Row:
        """The row of a table with these columns; figures of other columns are left out."""
        return replace(self.row, kind="reference", cells=tuple(self.cells.get(key) for key in keys))


@dataclass(frozen=True)
class Table:
    """Methods × metrics of one dataset.

    Attributes:
        dataset: its name in the frames.
        headers: the columns.
        rows: the rows.
        kind: end of its files' names; empty for the table of all metrics.
        title: what it shows; where empty, the groups of its columns say it.
        notes: paragraphs that belong to it.
        heads: headings of the rows' labels and of the column that counts what is behind them.
        aside: heading of a column of text after the seeds; without one there is no such column.
        band: metrics that are printed side by side before it is continued below.
        averaged: what its figures are, for captions; by default as the seeds of its rows tell.
        folded: what to unfold it by, where it is too long to stand open on a page.
        frame: what the CSV file has in place of the cells.
    """

    dataset: str
    headers: tuple[Header, ...]
    rows: tuple[Row, ...]
    kind: str = ""
    title: str = ""
    notes: tuple[str, ...] = ()
    aside: str = ""
    band: int = BAND
    heads: tuple[str, str] = ("Method", "Seeds")
    averaged: str | None = None
    folded: str = ""
    frame: pd.DataFrame | None = field(default=None, compare=False)

    @property
    def average(self) -> str:
        """What its figures are averages over: `mean ± standard deviation (n − 1) over 3 seeds`."""
        if self.averaged is not None:
            return self.averaged
        return describe_average(row.done for row in self.of_kind("method") if row.done)

    @property
    def marks_own(self) -> bool:
        """Whether a figure stands in the column of the divergence that its row was trained on."""
        return any(cell and row.owns(h) for row in self.rows for h, cell in zip(self.headers, row.cells, strict=True))

    @property
    def sources(self) -> list[tuple[str, list[Row]]]:
        """The published rows by their source."""
        rows = sorted(self.of_kind("published"), key=lambda row: row.detail)
        return [(source, list(run)) for source, run in groupby(rows, key=lambda row: row.detail)]

    @property
    def row_groups(self) -> list[tuple[str, list[Row]]]:
        """The methods' rows by their headings."""
        return [(name, list(run)) for name, run in groupby(self.of_kind("method"), key=lambda row: row.group)]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Groups of neighbouring columns with their widths."""
        return [(name, len(list(run))) for name, run in groupby(header.column.group for header in self.headers)]

    def of_kind(self, *kinds: Kind) -> list[Row]:
        """The rows of the given kinds."""
        return [row for row in self.rows if row.kind in kinds]


def describe_average(sizes: Iterable[int]) -> str:
    """What figures of so many finished seeds are, as a caption says it; empty without any."""
    known = sorted(set(sizes))
    if not known:
        return ""
    if known == [1]:
        return "figures of single seeds"
    many = f"{known[-1]}" if len(known) == 1 else f"{known[0]} to {known[-1]}"
    return f"mean ± standard deviation (n − 1) over {many} seeds"


def write_letters(letters: str) -> str:
    """Letters in print: of four or more in a row only the first and the last."""
    parts = _LETTER.findall(letters)
    places = [int(part[1:] or 0) * 26 + ord(part[0]) for part in parts]
    runs = groupby(range(len(parts)), key=lambda at: places[at] - at)
    found = [[parts[at] for at in run] for _, run in runs]
    return "".join(f"{run[0]}–{run[-1]}" if len(run) >= _LONG_RUN else "".join(run) for run in found)


__all__ = [
    "BAND",
    "Cell",
    "Header",
    "Kind",
    "Reference",
    "Row",
    "Table",
    "describe_average",
    "write_letters",
]
