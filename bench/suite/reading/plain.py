"""Values of any kind as plain ones, such as a YAML file holds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.suite.reading.errors import KeyPath, Problem

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""What YAML cannot hold, or not without changing it."""


def make_plain(value: Any, path: KeyPath = ()) -> tuple[Any, list[Problem]]:  # noqa: ANN401
    """A value in plain types (tuples become lists, arrays lists of numbers), and what cannot be expressed in them."""
    problems: list[Problem] = []
    return _convert(value, path, problems), problems


def _convert(value: Any, path: KeyPath, problems: list[Problem]) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        odd = [key for key in value if not isinstance(key, str) or UNPRINTABLE.search(key)]
        problems.extend(Problem((*path, str(key)), f"the key {key!r}", "text as a key") for key in odd)
        return {str(key): _convert(item, (*path, str(key)), problems) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_convert(item, (*path, i), problems) for i, item in enumerate(value)]
    if isinstance(value, Path):
        return value.as_posix()
    if not isinstance(value, str | int | float | bool | None) and hasattr(value, "tolist"):
        return _convert(value.tolist(), path, problems)
    return _convert_scalar(value, path, problems)


def _convert_scalar(value: Any, path: KeyPath, problems: list[Problem]) -> Any:  # noqa: ANN401
    if isinstance(value, float) and not math.isfinite(value):
        problems.append(Problem(path, repr(value), "a finite number"))
        return value
    if isinstance(value, str) and UNPRINTABLE.search(value):
        problems.append(Problem(path, ascii(value), "text without control characters"))
        return None
    if isinstance(value, str | int | float | bool | None):
        return value
    problems.append(Problem(path, f"a {type(value).__name__}", "plain values: numbers, texts, lists, mappings"))
    return None
