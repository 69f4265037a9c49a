"""Where figures are from: machines, versions, data, and whatever else they depend on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bench.analysis.measured import read_numbers
from bench.column import Columns
from bench.reporting.text import join_names, write_duration

_ENVIRONMENT = ("hostname", "device", "python", "torch", "ray", "bench", "git_commit", "git_dirty")
_VERSIONS = {"torch": "torch", "ray": "ray", "python": "Python", "bench": "bench"}
_DIRTY = frozenset({"True", "1", "1.0"})


def list_environments(runs: pd.DataFrame) -> list[dict[str, str]]:
    """One row per machine and set of versions: its runs, when they started, how long they took."""
    names = [name for name in _ENVIRONMENT if name in runs.columns]
    if runs.empty or not names:
        return []
    keys = runs[names].astype(object).where(runs[names].notna(), "")
    rows = []
    for values, group in runs.groupby([keys[name] for name in names], sort=False):
        row = dict(zip(names, (str(value) for value in values), strict=True))
        row["git_commit"] = _write_commit(row.get("git_commit", ""), row.pop("git_dirty", ""))
        seconds = add_training(group) + add_seconds(group, "eval_seconds")
        rows.append(row | {"runs": str(len(group)), "started": write_period(group), "time": write_duration(seconds)})
    return rows


def list_data(runs: pd.DataFrame, columns: Columns) -> list[dict[str, str]]:
    """Fingerprint of each dataset, with the extractors and whatever else its figures depend on.

    Args:
        runs: runs as `identify_runs` gives them.
        columns: the declared columns; those of the role "label" are told.
    """
    keys = [name for name in ("dataset", "dataset_sha256") if name in runs.columns]
    labels = [column.name for column in columns.of_role("label") if column.name in runs.columns]
    if not keys:
        return []
    texts = runs[keys].astype(object).where(runs[keys].notna(), "")
    return [
        {name: str(texts.loc[group.index[0], name]) for name in keys}
        | {name: ", ".join(list_distinct(group[name])) for name in labels if name not in keys}
        for _, group in runs.groupby([texts[name] for name in keys], sort=False)
    ]


def describe_machines(runs: pd.DataFrame) -> str:
    """In a sentence, on what and with which versions the runs were made; empty if that is not known."""
    devices, hosts = _list_values(runs, "device"), _list_values(runs, "hostname")
    where = f"Trained on {join_names(devices)}" if devices else "Trained"
    where += f" ({join_names(hosts)})" if hosts else ""
    found = {name: _list_values(runs, key) for key, name in _VERSIONS.items()}
    versions = [f"{name} {join_names(values)}" for name, values in found.items() if values]
    versions += [f"commit {join_names(_list_commits(runs))}"] if _list_values(runs, "git_commit") else []
    return f"{where} with {', '.join(versions)}." if versions else f"{where}." if devices or hosts else ""


def describe_time(runs: pd.DataFrame) -> str:
    """In a sentence, how long the runs took and when they started; empty if that is not known."""
    train, evaluation = add_training(runs), add_seconds(runs, "eval_seconds")
    if not train:
        return ""
    added = f" and {write_duration(evaluation)} of evaluation" if evaluation else ""
    period = write_period(runs)
    return f"Added over the runs, {write_duration(train)} of training{added}" + (
        f"; started {period}." if period else "."
    )


def add_training(runs: pd.DataFrame) -> float:
    """Seconds spent training: a cohort's time counts once, not once for each of its seeds."""
    if "train_seconds" not in runs.columns:
        return 0.0
    size = read_numbers(runs["cohort_size"]).fillna(1) if "cohort_size" in runs.columns else 1
    return float((read_numbers(runs["train_seconds"]) / size).sum())


def add_seconds(runs: pd.DataFrame, column: str) -> float:
    """The sum of a column; 0 if there is no such column."""
    return float(read_numbers(runs[column]).sum()) if column in runs.columns else 0.0


def write_period(runs: pd.DataFrame) -> str:
    """When the first and the last of the runs started; empty if that is not known."""
    if "started_at" not in runs.columns:
        return ""
    times = pd.to_datetime(runs["started_at"], utc=True, errors="coerce").dropna()
    if times.empty:
        return ""
    first, last = (f"{time:%Y-%m-%d %H:%M}" for time in (times.min(), times.max()))
    return f"{first} UTC" if first == last else f"{first} to {last if first[:10] != last[:10] else last[11:]} UTC"


def list_distinct(column: pd.Series[Any]) -> list[str]:
    """The distinct values of a column as texts, without nulls and empty ones, in order of appearance."""
    return [str(value) for value in column.dropna().unique() if str(value)]


def _list_values(runs: pd.DataFrame, column: str) -> list[str]:
    return list_distinct(runs[column]) if column in runs.columns else []


def _list_commits(runs: pd.DataFrame) -> list[str]:
    names = [name for name in ("git_commit", "git_dirty") if name in runs.columns]
    known = runs.dropna(subset=["git_commit"])[names].drop_duplicates()
    return list(dict.fromkeys(_write_commit(*map(str, row)) for row in known.itertuples(index=False)))


def _write_commit(commit: str, dirty: str = "") -> str:
    return f"{commit[:10]} with uncommitted changes" if commit and dirty in _DIRTY else commit[:10]


__all__ = [
    "add_seconds",
    "add_training",
    "describe_machines",
    "describe_time",
    "list_data",
    "list_distinct",
    "list_environments",
    "write_period",
]
