"""What the page can be switched to without a server: one of its datasets, one of its metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.column import Column
from bench.reporting.page.readings import Reading
from bench.reporting.page.sections import Section
from bench.reporting.tables.cells import Header


@dataclass(frozen=True)
class Switches:
    """Choices among several; empty where there are fewer than two.

    Attributes:
        datasets: in the order of the page.
        metrics: by group, in the order of printing.
    """

    datasets: tuple[str, ...]
    metrics: tuple[tuple[str, tuple[Column, ...]], ...]

    def __bool__(self) -> bool:
        return bool(self.datasets or self.metrics)

    def find_metric(self, header: Header) -> str:
        """The metric of a table's column; empty where it is none of these."""
        names = {column.name for _, columns in self.metrics for column in columns}
        name = header.column.name
        return next((found for found in (name, _split_place(name)[0]) if found in names), "")

    def find_dataset(self, header: Header) -> str:
        """The dataset of a table's column, in a table on several; else empty."""
        found = _split_place(header.column.name)[1]
        return found if found in self.datasets else ""


def offer_switches(sections: Sequence[Section], readings: Sequence[tuple[str, Sequence[Reading]]]) -> Switches:
    """The choices that a page has.

    Args:
        sections: its sections.
        readings: its metrics, as `collect_readings` gives them.
    """
    datasets = tuple(dict.fromkeys(section.dataset for section in sections if section.dataset))
    metrics = tuple((group, tuple(reading.column for reading in members)) for group, members in readings)
    many = sum(len(columns) for _, columns in metrics) > 1
    return Switches(datasets if len(datasets) > 1 else (), metrics if many else ())


def _split_place(name: str) -> tuple[str, str]:
    """Metric and dataset of a name like `fid[digits]`, as tables on several datasets have them."""
    metric, _, dataset = name.partition("[")
    return metric, dataset.removesuffix("]")


__all__ = ["Switches", "offer_switches"]
