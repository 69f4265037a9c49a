"""Which runs of two sets of results are the same: those of equal settings on equal data, by their seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.analysis.configs import flatten, read_config
from bench.analysis.variants import require
from bench.identity import SETTINGS_ID

_CELL = ["dataset", "method"]
_NOT_COMPARED = frozenset({"seed", "metrics", "resources"})
_MOST = 3
_SHA = "dataset_sha256"
_ABSENT = "unset"


@dataclass(frozen=True)
class Match:
    """A method on a dataset, before and after.

    Attributes:
        dataset: the dataset's name.
        method: the method's.
        before: its runs in the first results, a row per seed.
        after: its runs in the second.
        why: why they cannot be compared; empty where they can.
    """

    dataset: str
    method: str
    before: pd.DataFrame
    after: pd.DataFrame
    why: str = ""


def match_runs(before: pd.DataFrame, after: pd.DataFrame) -> list[Match]:
    """Every method on every dataset of two sets of results, in the order of the second.

    What has equal settings belongs together, whatever it is called; of the rest, what has equal names is compared in
    vain, and is told how it differs. Runs of the first results whose names are matched already are left out.

    Args:
        before: a row per run, as `bench.load` gives it.
        after: likewise.

    Raises:
        BenchError: if a column that identifies a run is missing.
    """
    old, new = _split(before), _split(after)
    names = {_name(own): key for key, own in reversed(old.items())}
    matches = []
    for key, own in new.items():
        twin = key if key in old else names.get(_name(own))
        if twin is None:
            matches.append(Match(*_name(own), before.iloc[:0], own, "there is no such run before"))
        else:
            why = "" if key == twin else describe_difference(old[twin], own)
            matches.append(Match(*_name(own), old[twin], own, why))
    taken = set(new) | {(match.dataset, match.method) for match in matches}
    return [
        *matches,
        *(
            Match(*_name(own), own, after.iloc[:0], "there is no such run any more")
            for key, own in old.items()
            if key not in taken and _name(own) not in taken
        ),
    ]


def describe_difference(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """How the data or the settings of runs under one name differ."""
    if "config" not in before.columns or "config" not in after.columns:
        return "other settings"
    old, new = (_list_settings(frame["config"].iloc[0]) for frame in (before, after))
    if old.get(_SHA) != new.get(_SHA):
        return f"other data: {_SHA} {_write(old, _SHA)[:8]} → {_write(new, _SHA)[:8]}"
    keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key, _ABSENT) != new.get(key, _ABSENT)]
    told = [f"{key} {_write(old, key)} → {_write(new, key)}" for key in keys[:_MOST]]
    more = f" and {len(keys) - _MOST} more" if len(keys) > _MOST else ""
    return f"other settings: {', '.join(told)}{more}" if told else "other settings"


def _split(runs: pd.DataFrame) -> dict[Any, pd.DataFrame]:
    """Runs by their settings, or by their names where those are not known; the latest of each seed."""
    if not len(runs.columns):
        return {}
    require(runs, "runs")
    ordered = runs.sort_values("started_at", kind="stable") if "started_at" in runs.columns else runs
    by = SETTINGS_ID if SETTINGS_ID in runs.columns else _CELL
    latest = ordered.drop_duplicates([*([by] if isinstance(by, str) else by), "seed"], keep="last")
    groups = latest.sort_index(kind="stable").groupby(by, sort=False)  # in the order of the frame, not of time
    return {key: rows.sort_values("seed", kind="stable") for key, rows in groups}


def _name(runs: pd.DataFrame) -> tuple[str, str]:
    return str(runs["dataset"].iloc[0]), str(runs["method"].iloc[0])


def _list_settings(config: object) -> dict[str, Any]:
    content: Mapping[str, Any] = read_config(config) if isinstance(config, str) else {}
    kept = {key: value for key, value in content.items() if key not in _NOT_COMPARED and key != "protocols"}
    return dict(flatten(kept))


def _write(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key, _ABSENT)
    return value if isinstance(value, str) else json.dumps(value)


__all__ = ["Match", "describe_difference", "match_runs"]
