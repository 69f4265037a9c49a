"""Figures from papers, as a suite lists them, and the column of ours that they may stand in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.errors import BenchError
from bench.reporting.columns import EXTRACTOR, describe

APART = "as published"
"""Protocol of a column for published figures that share none with ours."""
STANDARD_EXTRACTOR = "inception"
_EXPECTED = "expected source, metric and value, and where they apply dataset, method, spread, note, feature_extractor"


@dataclass(frozen=True)
class PublishedFigure:
    """One figure of a paper; `spread` is what its authors print after ±."""

    source: str
    metric: str
    value: float
    spread: float | None = None
    dataset: str = ""
    method: str = ""
    note: str = ""
    feature_extractor: str = ""

    def place(self, measured: Sequence[tuple[str, str]]) -> tuple[str, str]:
        """The (metric, protocol) column to print it in: ours only if it is known to be the same protocol.

        A figure that names no feature extractor is taken to be of the one that papers use, Inception v3.

        Args:
            measured: the columns of our own figures.
        """
        ours = [key for key in measured if key[0] == self.metric]
        if EXTRACTOR in describe(self.metric).depends_on:
            extractor = self.feature_extractor or STANDARD_EXTRACTOR
            ours = [key for key in ours if extractor.casefold() in key[1].casefold()]
        if len(ours) == 1:
            return ours[0]
        return self.metric, f"{APART}, {self.feature_extractor}" if self.feature_extractor else APART


def published_figures(suite: Mapping[str, Any]) -> list[PublishedFigure]:
    """The suite's `published:` list.

    Raises:
        BenchError: if an entry lacks its source, metric or value, or gives no number where one is due.
    """
    return [_figure(position, entry) for position, entry in enumerate(suite.get("published") or (), start=1)]


def _figure(position: int, entry: object) -> PublishedFigure:
    where = f"published figure {position} of the suite"
    if not isinstance(entry, Mapping):
        raise BenchError(f"{where} is {entry!r}: {_EXPECTED}")
    missing = [key for key in ("source", "metric", "value") if entry.get(key) is None]
    if missing:
        raise BenchError(f"{where} has no {', '.join(missing)}: {_EXPECTED}")
    texts = {key: str(entry.get(key) or "") for key in ("dataset", "method", "note", "feature_extractor")}
    spread = entry.get("spread")
    return PublishedFigure(
        source=str(entry["source"]),
        metric=str(entry["metric"]),
        value=_number(entry["value"], f"the value of {where}"),
        spread=None if spread is None else _number(spread, f"the spread of {where}"),
        **texts,
    )


def _number(value: object, what: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise BenchError(f"{what} is {value!r}: expected a number")
    return number


__all__ = ["APART", "PublishedFigure", "published_figures"]
