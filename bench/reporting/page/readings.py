"""How the columns of the tables are read: what each means, and by which protocols its figures were measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from bench.column import Column, Columns
from bench.reporting.tables.cells import Table

GROUP_NOTES = {
    "Likelihood": "On test data. Models without a likelihood have none of these but the Parzen estimate.",
    "Divergences": "P is the data, Q the model. Estimated after training by a fresh critic on points that it was not "
    "fitted on, so a lower bound in expectation. Exact values follow from the densities, where both are known; ∞ is a "
    "value.",
    "Features": "All from features of the same n test and n generated examples.",
}
"""What is to be said of all columns of a group."""


@dataclass(frozen=True)
class Reading:
    """How one column is read: its description and the protocols its figures in this report follow."""

    column: Column
    protocols: tuple[str, ...]


def collect_readings(tables: Iterable[Table], columns: Columns) -> list[tuple[str, list[Reading]]]:
    """How to read the columns of some tables, by group, in the order of printing.

    Columns that only one table knows are left out: they are explained beside it.

    Args:
        tables: the tables.
        columns: the declared columns.
    """
    headers = [header for table in tables for header in table.headers if header.column.printed]
    common = [header for header in headers if header.column == columns.describe(header.column.name)]
    protocols: dict[str, dict[str, None]] = {}
    for header in sorted(common, key=lambda header: columns.sort_key(header.column.name)):
        protocols.setdefault(header.column.name, {}).update({header.protocol: None} if header.protocol else {})
    made = [Reading(columns.describe(name), tuple(known)) for name, known in protocols.items()]
    return [(group, list(run)) for group, run in groupby(made, key=lambda reading: reading.column.group)]


__all__ = ["GROUP_NOTES", "Reading", "collect_readings"]
