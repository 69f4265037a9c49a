"""Keeps apart what must not be averaged: other data or settings under one name, other protocols in one column."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.errors import BenchError
from bench.reporting.columns import IDENTITY, LABELS, PROVENANCE, describe, sort_key

REQUIRED = ("run_id", "method", "dataset", "seed", "status")
_LABELS = frozenset({
    "suite", "method", "dataset", "dataset_name", "dataset_parameters", "dataset_sha256", "seed", "metrics",
    "protocols", "resources", "identity_version",
})  # fmt: skip
_COMPANIONS = ("_se", "_n")
_FIRST_DIFFERENCE = "training.steps"
_MOST_DIFFERENCES = 3


def identified(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, oldest first, with names that tell apart what differs.

    Where one dataset name stands for several fingerprints, or one method name for several settings (the suite was
    edited between two commands), the names gain a suffix that says how they differ.

    Args:
        runs: a row per run; a frame without columns stands for no runs.

    Returns:
        A copy in which `dataset` and `method` hold the distinct names, `dataset_name` and `method_name` the given ones.

    Raises:
        BenchError: if a column that identifies a run is missing.
    """
    if not len(runs.columns):
        return pd.DataFrame(columns=[*REQUIRED, "dataset_name", "method_name"])
    require(runs, "runs")
    frame = _oldest_first(runs)
    frame = frame.assign(dataset_name=frame["dataset"], method_name=frame["method"])
    frame["dataset"] = _dataset_labels(frame)
    frame["method"] = _method_labels(frame)
    return frame


def require(frame: pd.DataFrame, what: str) -> None:
    """Raise a `BenchError` if a column is missing that identifies a row; `what` says of which rows."""
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise BenchError(f"cannot report on these {what}: the frame lacks {', '.join(missing)}; bench.load gives them")


def metric_columns(runs: pd.DataFrame) -> list[str]:
    """Names of the columns that hold metrics with at least one value, in the order of printing."""
    described = {*IDENTITY, *PROVENANCE, "dataset_name", "method_name"}
    names = [name for name in runs.columns if name not in described and not name.startswith("protocol_")]
    names = [name for name in names if not _is_companion(name, runs.columns)]
    return sorted((name for name in names if numbers(runs[name]).notna().any()), key=sort_key)


def numbers(column: pd.Series[Any]) -> pd.Series[float]:
    """A column as float64 with NaN for null; all NaN if it does not hold numbers."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return pd.Series(float("nan"), index=column.index)
    if not pd.api.types.is_numeric_dtype(column) and column.map(lambda value: isinstance(value, (str, bool))).any():
        return pd.Series(float("nan"), index=column.index)
    return pd.to_numeric(column, errors="coerce").astype("float64")


def protocol_of(runs: pd.DataFrame, metric: str) -> pd.Series[str]:
    """What each run's figure in column `metric` was measured by: protocol and version, network, binarisation, noise, n.

    A column that no protocol column is known to measure takes those that are present wherever it is, so that a new
    version of an unknown metric is kept apart too.
    """
    column = describe(metric)
    known = [name for name in (f"protocol_{metric}", f"protocol_{column.protocol}") if name in runs.columns]
    sources = known or _possible_protocols(runs, metric)
    texts = runs[sources].astype(object).where(runs[sources].notna(), "")
    for name in (name for name in column.depends_on if name in runs.columns):
        texts[name] = [LABELS[name].format(value) if pd.notna(value) else "" for value in runs[name]]
    for name, letter in dict((*column.settings, (f"{metric}_n", "n"))).items():
        if name in runs.columns:
            values = numbers(runs[name])
            texts[f"{letter} of {name}"] = [f"{letter} = {v:.12g}" if pd.notna(v) else "" for v in values]
    joined = [" · ".join(str(value) for value in row if value != "") for row in texts.itertuples(index=False)]
    return pd.Series(joined, index=runs.index, dtype=object)


def _possible_protocols(runs: pd.DataFrame, metric: str) -> list[str]:
    declared = {f"protocol_{describe(name).protocol or name}" for name in metric_columns(runs) if _in_schema(name)}
    measured = runs[metric].notna()
    return [
        name
        for name in runs.columns
        if name.startswith("protocol_") and name not in declared and runs.loc[measured, name].notna().all()
    ]


def _is_companion(name: str, columns: Container[str]) -> bool:
    """Whether a column is the standard error or the number of examples of another."""
    return any(name.endswith(suffix) and name.removesuffix(suffix) in columns for suffix in _COMPANIONS)


def _in_schema(name: str) -> bool:
    return describe(name).group != "Other"


def _oldest_first(runs: pd.DataFrame) -> pd.DataFrame:
    if "started_at" not in runs.columns:
        return runs.reset_index(drop=True)
    return runs.sort_values("started_at", kind="stable", na_position="first", ignore_index=True)


def _dataset_labels(frame: pd.DataFrame) -> pd.Series[str]:
    if "dataset_sha256" not in frame.columns:
        return frame["dataset_name"]
    hashes = frame["dataset_sha256"].astype(object).where(frame["dataset_sha256"].notna(), "")
    several = hashes.groupby(frame["dataset_name"]).transform("nunique") > 1
    suffixed = frame["dataset_name"] + " (" + hashes.map(lambda text: text[:8] or "no fingerprint") + ")"
    return frame["dataset_name"].where(~several, suffixed)


def _method_labels(frame: pd.DataFrame) -> pd.Series[str]:
    if "config" not in frame.columns:
        return frame["method_name"]
    settings = [_settings(config) for config in frame["config"]]
    texts = pd.Series([json.dumps(flat, sort_keys=True) for flat in settings], index=frame.index)
    by_text = dict(zip(texts, settings, strict=True))
    labels = frame["method_name"].astype(object)
    for _, group in frame.groupby(["dataset", "method_name"], sort=False):
        distinct = texts[group.index].unique()
        if len(distinct) > 1:
            suffixes = _differences({text: by_text[text] for text in distinct})
            labels[group.index] = group["method_name"] + " (" + texts[group.index].map(suffixes) + ")"
    return labels


def _settings(config: object) -> dict[str, str]:
    """What of a run's settings distinguishes methods, flat: no labels, seeds, data or metrics."""
    try:
        content = json.loads(config) if isinstance(config, str) else {}
    except ValueError:
        content = {"config": config}
    if not isinstance(content, dict):
        return {"config": str(config)}
    return dict(_flat({key: value for key, value in content.items() if key not in _LABELS}))


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(value)


def _differences(settings: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """A short text for each of several settings that no other of them has."""
    keys = sorted({key for flat in settings.values() for key in flat}, key=lambda key: (key != _FIRST_DIFFERENCE, key))
    differing = [key for key in keys if len({flat.get(key) for flat in settings.values()}) > 1]
    texts: dict[str, str] = {}
    for count in range(1, _MOST_DIFFERENCES + 1):
        texts = {text: _named(flat, differing[:count]) for text, flat in settings.items()}
        if len(set(texts.values())) == len(texts):
            return texts
    return {text: f"{short}, {hashlib.sha256(text.encode()).hexdigest()[:6]}" for text, short in texts.items()}


def _named(flat: Mapping[str, str], keys: Sequence[str]) -> str:
    return ", ".join(f"{key.rsplit('.', 1)[-1]} {flat.get(key, 'unset').strip(chr(34))}" for key in keys)


__all__ = ["REQUIRED", "identified", "metric_columns", "numbers", "protocol_of", "require"]
