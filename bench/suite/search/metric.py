"""The column that a search chooses by: what is declared of it, and the metric that gives it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.column import Better, Column, Columns, condition_of, divergence_of
from bench.divergences import DIVERGENCES
from bench.errors import UnknownNameError
from bench.metrics import METRICS
from bench.suite.checks import report_unknown_name
from bench.suite.reading.errors import KeyPath, Problem, quote

_AT: KeyPath = ("search", "metric")


@dataclass(frozen=True)
class SearchMetric:
    """What is chosen by.

    Attributes:
        column: name of the column.
        better: its better end.
        protocol: name of the metric that gives it: all that search runs measure.
    """

    column: str
    better: Better
    protocol: str


def find_metric(name: str) -> SearchMetric | Problem:
    """The declared column of a name; a problem where there is none, or neither of its ends is the better one."""
    known = Columns.of([*_list_declared(), *(d.column for d in DIVERGENCES.values())])
    if name not in known and not _is_divergence(name):
        return report_unknown_name(_AT, name, (c.name for c in known.values() if c.better is not None))
    column = known.describe(name)
    if column.better is None or column.protocol not in METRICS:
        return Problem(_AT, quote(name), "a column with a better end, as `bench list columns` shows them")
    return SearchMetric(name, column.better, column.protocol)


def _list_declared() -> Iterator[Column]:
    for entry in METRICS.values():
        yield from (column for column in entry.columns if column.role == "figure")


def _is_divergence(name: str) -> bool:
    """Whether it is an estimate of a divergence that is known here, under a condition or none."""
    found = divergence_of(name) or (condition_of(name) or ("",))[0]
    try:
        return bool(found and DIVERGENCES[found])
    except UnknownNameError:
        return False
