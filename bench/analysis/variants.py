"""Keeps apart what must not be averaged: other data or other settings under one name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.analysis.configs import LABELS, Configs, flatten, read_config, read_configs
from bench.errors import BenchError
from bench.identity import SETTINGS_ID, variant_of

REQUIRED = ("run_id", "method", "dataset", "seed", "status")
_NO_VARIANT = LABELS | {"dataset_parameters", "resources"}
_FIRST_DIFFERENCE = "training.steps"
_MOST_DIFFERENCES = 3


def identify_runs(runs: pd.DataFrame) -> pd.DataFrame:
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
    frame = _sort_by_start(runs)
    return frame.assign(
        dataset_name=frame["dataset"],
        method_name=frame["method"],
        dataset=_label_datasets(frame),
        method=variant_labels(frame),
    )


def variant_labels(runs: pd.DataFrame) -> pd.Series[str]:
    """The method's name for each row, with a suffix where it stands for several settings.

    Settings are compared among the rows of one method on the same data and of the same stage, without the seed, what
    is measured, and the resources; the suffix says how they differ.

    Args:
        runs: a row per run, with `method`, `dataset` and, where they are known, `dataset_sha256`, `stage` and `config`.
    """
    if "config" not in runs.columns or runs.empty:
        return runs["method"]
    configs = _read_settings(runs)
    settings = [
        {key: value for key, value in content.items() if key not in _NO_VARIANT} for content in configs.contents
    ]
    hashes = [variant_of(content) for content in settings]
    by_hash = dict(zip(hashes, settings, strict=True))
    variants = pd.Series([hashes[code] for code in configs.codes], index=runs.index, dtype=object)
    stage = runs["stage"].astype(object).where(runs["stage"].notna(), "") if "stage" in runs.columns else ""
    groups = [runs["method"], _label_datasets(runs), pd.Series(stage, index=runs.index, dtype=object)]
    labels = runs["method"].astype(object)
    several = variants.groupby(groups).transform("nunique") > 1
    for _, own in variants[several].groupby([group[several] for group in groups], sort=False):
        suffixes = _tell_apart({name: by_hash[name] for name in own.unique()})
        labels.loc[own.index] = labels.loc[own.index] + " (" + own.map(suffixes) + ")"
    return labels


def require(frame: pd.DataFrame, what: str) -> None:
    """Raise a `BenchError` if a column is missing that identifies a row; `what` says of which rows."""
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise BenchError(f"cannot report on these {what}: the frame lacks {', '.join(missing)}; bench.load gives them")


def _read_settings(runs: pd.DataFrame) -> Configs:
    """The rows' settings, read once for those whose stored hash is equal: these differ in nothing that tells apart."""
    if SETTINGS_ID not in runs.columns or runs[SETTINGS_ID].isna().any():
        return read_configs(runs["config"])
    codes, _ = pd.factorize(runs[SETTINGS_ID])
    first = ~runs[SETTINGS_ID].duplicated()
    return Configs(tuple(read_config(text) for text in runs.loc[first, "config"]), codes)


def _sort_by_start(runs: pd.DataFrame) -> pd.DataFrame:
    if "started_at" not in runs.columns:
        return runs.reset_index(drop=True)
    return runs.sort_values("started_at", kind="stable", na_position="first", ignore_index=True)


def _label_datasets(runs: pd.DataFrame) -> pd.Series[str]:
    """The dataset's name for each row, with its fingerprint where the name stands for several."""
    if "dataset_sha256" not in runs.columns:
        return runs["dataset"]
    hashes = runs["dataset_sha256"].astype(object).where(runs["dataset_sha256"].notna(), "")
    several = hashes.groupby(runs["dataset"]).transform("nunique") > 1
    suffixed = runs["dataset"] + " (" + hashes.map(lambda text: text[:8] or "no fingerprint") + ")"
    return runs["dataset"].where(~several, suffixed)


def _tell_apart(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """A short text for each of several settings, by their hashes, that no other of them has."""
    flat = {name: {key: json.dumps(value) for key, value in flatten(own)} for name, own in settings.items()}
    keys = sorted({key for own in flat.values() for key in own}, key=lambda key: (key != _FIRST_DIFFERENCE, key))
    differing = [key for key in keys if len({own.get(key) for own in flat.values()}) > 1]
    texts: dict[str, str] = {}
    for count in range(1, _MOST_DIFFERENCES + 1):
        texts = {name: _write(own, differing[:count]) for name, own in flat.items()}
        if len(set(texts.values())) == len(texts):
            return texts
    return {name: f"{text}, {name[:6]}" for name, text in texts.items()}


def _write(settings: Mapping[str, str], keys: Sequence[str]) -> str:
    return ", ".join(f"{key.rsplit('.', 1)[-1]} {settings.get(key, 'unset').strip(chr(34))}" for key in keys)


__all__ = ["REQUIRED", "identify_runs", "require", "variant_labels"]
