"""Figures from papers, as a suite lists them, and the column of ours that they may stand in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from bench.column import Columns
from bench.errors import ArgumentError
from bench.published import PublishedFigure

APART = "as published"
"""Protocol of a column for published figures that share none with ours."""
_STANDARD_EXTRACTOR = "inception"
_EXPECTED = f"expected {', '.join(PublishedFigure.model_fields)}, of which source, metric and value must be given"


def place_published(figure: PublishedFigure, measured: Sequence[tuple[str, str]], columns: Columns) -> tuple[str, str]:
    """The (metric, protocol) column to print a figure in: ours only if it is known to be the same protocol.

    A figure that names no feature extractor is taken to be of the one that papers use, Inception v3. One that names its
    binarisation stands in no column of another, nor with published figures of another.

    Args:
        figure: the published figure.
        measured: the columns of our own figures.
        columns: the declared columns.
    """
    ours = [key for key in measured if key[0] == figure.metric]
    if "feature_extractor" in columns.describe(figure.metric).depends_on:
        extractor = figure.feature_extractor or _STANDARD_EXTRACTOR
        ours = [key for key in ours if extractor.casefold() in key[1].casefold()]
    binarisation = figure.binarisation and f"binarisation {figure.binarisation}"
    if binarisation:
        ours = [key for key in ours if binarisation in key[1]]
    if len(ours) == 1:
        return ours[0]
    return figure.metric, ", ".join(filter(None, [APART, figure.feature_extractor, binarisation]))


def read_published(suite: Mapping[str, Any]) -> list[PublishedFigure]:
    """The suite's `published:` list.

    Raises:
        ArgumentError: if an entry lacks its source, metric or value, or gives no number where one is due.
    """
    return [_read(position, entry) for position, entry in enumerate(suite.get("published") or (), start=1)]


def _read(position: int, entry: object) -> PublishedFigure:
    where = f"published figure {position} of the suite"
    if not isinstance(entry, Mapping):
        raise ArgumentError(f"{where} is {entry!r}: {_EXPECTED}")
    try:
        figure = PublishedFigure.model_validate({key: value for key, value in entry.items() if value is not None})
    except ValidationError as error:
        raise ArgumentError(f"{_explain(error, where)}: {_EXPECTED}") from None
    for name in ("value", "spread"):
        if (number := getattr(figure, name)) is not None and math.isnan(number):
            raise ArgumentError(f"{name} of {where} is {number!r}: expected a number")
    return figure


def _explain(error: ValidationError, where: str) -> str:
    problems = error.errors()
    missing = [str(problem["loc"][0]) for problem in problems if problem["type"] == "missing"]
    if missing:
        return f"{where} has no {', '.join(missing)}"
    first = problems[0]
    return f"{first['loc'][0]} of {where} is {first['input']!r}, {first['msg'][:1].lower()}{first['msg'][1:]}"


__all__ = ["APART", "place_published", "read_published"]
