"""The settings of runs as columns, by the keys that suites write: `network.latent`, `training.lr`, `epsilon`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.configs import LABELS, flatten, read_configs
from bench.column import Column, Columns

_METHOD = "model"
"""Key of a config that holds the method's own factors; suites write these without it."""
_NO_SETTINGS = LABELS | {_METHOD, "config"}
_COLUMNS_ALREADY = frozenset({"family", "divergence"})
_ABSENT = object()


def settings_columns(runs: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """A column per setting that any of the runs has, in the order of the configs; null where a run has none.

    Whole numbers are Int64, others float64, truth values boolean, texts string, lists string (as JSON); so is a setting
    that is a text in some runs only. A setting that is declared as later is filled with its default in the rows of the
    families that have it.

    Args:
        runs: a row per run with `config`, and `family` where later settings are not for all families.
        columns: the declared columns; those of the role "setting" are the later settings.

    Returns:
        A frame with the index of `runs`.
    """
    if "config" not in runs.columns:
        return pd.DataFrame(index=runs.index)
    configs = read_configs(runs["config"])
    rows = [dict(_list_settings(content)) for content in configs.contents]
    names = dict.fromkeys(name for row in rows for name in row)
    found = {name: _take([row.get(name, _ABSENT) for row in rows], configs.codes) for name in names}
    for column in columns.of_role("setting"):
        filled = _fill_default(found.get(column.name), column, runs)
        found |= {} if filled is None else {column.name: filled}
    return pd.DataFrame({name: _narrow_type(values) for name, values in found.items()}, index=runs.index)


def _list_settings(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    own = content.get(_METHOD)
    if isinstance(own, Mapping):
        yield from flatten({key: value for key, value in own.items() if key not in _COLUMNS_ALREADY})
    yield from flatten({key: value for key, value in content.items() if key not in _NO_SETTINGS})


def _take(values: Sequence[Any], codes: np.ndarray) -> np.ndarray:
    """Values of distinct configs, shape (configs,), as those of the rows, shape (rows,)."""
    array = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):  # an array of lists of equal length would become a matrix
        array[place] = value
    taken: np.ndarray = array[codes]
    return taken


def _fill_default(values: np.ndarray | None, column: Column, runs: pd.DataFrame) -> np.ndarray | None:
    """The values of a later setting with its default where a row should have it and does not; None if no row has it."""
    if not column.default:
        return values
    known = np.full(len(runs), _ABSENT, dtype=object) if values is None else values
    absent = np.fromiter((value is _ABSENT for value in known), dtype=bool, count=len(known))
    if column.families:
        family = runs["family"] if "family" in runs.columns else pd.Series(None, index=runs.index, dtype=object)
        absent &= family.isin([name.strip() for name in column.families.split(",")]).to_numpy(dtype=bool)
    if values is None and not absent.any():
        return None
    filled = known.copy()
    filled[absent] = _take([json.loads(column.default)], np.zeros(int(absent.sum()), dtype=int))
    return filled


def _narrow_type(values: np.ndarray) -> Any:  # noqa: ANN401 - an array of numpy or of pandas
    """Plain values, shape (rows,), as an array of the narrowest type that holds them all."""
    known = [None if value is _ABSENT else value for value in values]
    kinds = {type(value) for value in known if value is not None}
    if kinds == {bool}:
        return pd.array(known, dtype="boolean")
    if kinds == {int}:
        return pd.array(known, dtype="Int64")
    if kinds <= {int, float}:
        return np.array([np.nan if value is None else value for value in known], dtype="float64")
    texts = [value if value is None or isinstance(value, str) else json.dumps(value) for value in known]
    return pd.array(texts, dtype="string")


__all__ = ["settings_columns"]
