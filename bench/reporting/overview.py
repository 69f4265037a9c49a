"""What the report says in words: the summary paragraph, the failures, how columns are read, where figures come from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd

from bench.reporting.columns import SOURCES, Column, describe
from bench.reporting.statistics import STATUSES, dataset_names, method_names
from bench.reporting.text import duration, one_line, plural
from bench.reporting.variants import numbers

_ENVIRONMENT = ("hostname", "device", "python", "torch", "ray", "bench", "git_commit", "git_dirty")
_LISTED = 6


@dataclass(frozen=True)
class Failure:
    """A run that ended otherwise than done."""

    run_id: str
    method: str
    dataset: str
    seed: str
    status: str
    steps: str
    message: str
    traceback: str


@dataclass(frozen=True)
class Reading:
    """How one column is read: its description and the protocols its figures in this report follow."""

    column: Column
    protocols: tuple[str, ...]


def summary_paragraph(runs: pd.DataFrame, counts: pd.DataFrame, suite: Mapping[str, Any]) -> str:
    """What was run on what, how it ended, by what, when, and how long it took.

    Args:
        runs: runs as `identified` gives them.
        counts: as `statistics.counts` gives it.
        suite: the resolved suite.
    """
    methods = _distinct(counts["method"]) or method_names(suite)
    datasets = _distinct(counts["dataset"]) or dataset_names(suite)
    plan = f"{plural(len(methods), 'method')} ({listed(methods)}) on "
    plan += f"{plural(len(datasets), 'dataset')} ({listed(datasets)})"
    if runs.empty:
        return f"{plan}."
    sentences = [f"{plan}, {_seeds(counts)}: {_outcome(runs, counts)}.", _machine(runs), _time(runs)]
    return " ".join(sentence for sentence in sentences if sentence)


def listed(names: Sequence[str]) -> str:
    """Names in a row, at most six of them."""
    if len(names) <= _LISTED:
        return ", ".join(names)
    return f"{', '.join(names[: _LISTED - 1])} and {len(names) - _LISTED + 1} more"


def failures(runs: pd.DataFrame, methods: Sequence[str], datasets: Sequence[str]) -> list[Failure]:
    """Every run that did not finish, in the order of datasets, methods and seeds."""
    rows = runs[runs["status"] != "done"].to_dict(orient="records")
    rows = sorted(rows, key=lambda r: (datasets.index(r["dataset"]), methods.index(r["method"]), r["seed"]))
    return [
        Failure(
            run_id=str(row["run_id"]),
            method=row["method"],
            dataset=row["dataset"],
            seed=str(row["seed"]),
            status=str(row["status"]).replace("_", " "),
            steps=_text(row.get("steps")),
            message=one_line(_text(row.get("error"))) or "no message",
            traceback=_text(row.get("error")).strip(),
        )
        for row in rows
    ]


def readings(keys: Iterable[tuple[str, str]]) -> list[tuple[str, list[Reading]]]:
    """How to read each column in use, by group.

    Args:
        keys: (metric, protocol) of every printed column, in the order of printing.
    """
    protocols: dict[str, list[str]] = {}
    for metric, protocol in keys:
        known = protocols.setdefault(metric, [])
        if protocol and protocol not in known:
            known.append(protocol)
    made = [Reading(describe(metric), tuple(known)) for metric, known in protocols.items()]
    return [(group, list(run)) for group, run in groupby(made, key=lambda reading: reading.column.group)]


def environments(runs: pd.DataFrame) -> list[dict[str, str]]:
    """One row per machine and set of versions: its runs, when they started, how long they took."""
    names = [name for name in _ENVIRONMENT if name in runs.columns]
    if runs.empty or not names:
        return []
    keys = runs[names].astype(object).where(runs[names].notna(), "")
    rows = []
    for values, group in runs.groupby([keys[name] for name in names], sort=False):
        row = dict(zip(names, (str(value) for value in values), strict=True))
        row["git_commit"] = _commit(row.get("git_commit", ""), row.pop("git_dirty", ""))
        seconds = _training_seconds(group) + _total(group, "eval_seconds")
        rows.append(row | {"runs": str(len(group)), "started": _period(group), "time": duration(seconds)})
    return rows


def data_sources(runs: pd.DataFrame) -> list[dict[str, str]]:
    """Fingerprint of each dataset, with the extractors and whatever else its figures depend on."""
    keys = [name for name in ("dataset", "dataset_sha256") if name in runs.columns]
    labels = [name for name in SOURCES if name in runs.columns]
    if not keys:
        return []
    texts = runs[keys].astype(object).where(runs[keys].notna(), "")
    return [
        {name: str(texts.loc[group.index[0], name]) for name in keys}
        | {name: ", ".join(_distinct(group[name])) for name in labels}
        for _, group in runs.groupby([texts[name] for name in keys], sort=False)
    ]


def _seeds(counts: pd.DataFrame) -> str:
    sizes = sorted(set(counts["total"]))
    if len(sizes) == 1:
        return f"{plural(int(sizes[0]), 'seed')} each"
    return f"{sizes[0]} to {sizes[-1]} seeds each"


def _outcome(runs: pd.DataFrame, counts: pd.DataFrame) -> str:
    parts = [f"{counts['done'].sum()} of {plural(int(counts['total'].sum()), 'run')} finished"]
    parts += [f"{counts[s].sum()} {s.replace('_', ' ')}" for s in (*STATUSES[1:], "not_run") if counts[s].sum()]
    interrupted = int((runs["status"] == "interrupted").sum())
    return ", ".join([*parts, f"{interrupted} interrupted"] if interrupted else parts)


def _machine(runs: pd.DataFrame) -> str:
    devices, hosts = _values(runs, "device"), _values(runs, "hostname")
    where = f"Trained on {listed(devices)}" if devices else "Trained"
    where += f" ({listed(hosts)})" if hosts else ""
    versions = [f"{name} {listed(_values(runs, key))}" for key, name in _VERSIONS.items() if _values(runs, key)]
    versions += [_commits(runs)] if _values(runs, "git_commit") else []
    return f"{where} with {', '.join(versions)}." if versions else f"{where}." if devices or hosts else ""


_VERSIONS = {"torch": "torch", "ray": "ray", "python": "Python", "bench": "bench"}


def _commits(runs: pd.DataFrame) -> str:
    known = runs.dropna(subset=["git_commit"])
    dirty = known["git_dirty"] if "git_dirty" in known.columns else pd.Series("", index=known.index)
    texts = [_commit(str(commit), str(changed)) for commit, changed in zip(known["git_commit"], dirty, strict=True)]
    return f"commit {listed(list(dict.fromkeys(texts)))}"


def _commit(commit: str, dirty: str) -> str:
    return f"{commit[:10]} with uncommitted changes" if commit and dirty in {"True", "1", "1.0"} else commit[:10]


def _time(runs: pd.DataFrame) -> str:
    train, evaluation = _training_seconds(runs), _total(runs, "eval_seconds")
    if not train:
        return ""
    added = f" and {duration(evaluation)} of evaluation" if evaluation else ""
    period = _period(runs)
    return f"Added over the runs, {duration(train)} of training{added}" + (f"; started {period}." if period else ".")


def _period(runs: pd.DataFrame) -> str:
    if "started_at" not in runs.columns:
        return ""
    times = pd.to_datetime(runs["started_at"], utc=True, errors="coerce").dropna()
    if times.empty:
        return ""
    first, last = (f"{time:%Y-%m-%d %H:%M}" for time in (times.min(), times.max()))
    return f"{first} UTC" if first == last else f"{first} to {last if first[:10] != last[:10] else last[11:]} UTC"


def _training_seconds(runs: pd.DataFrame) -> float:
    """Time spent training: a cohort's time counts once, not once for each of its seeds."""
    if "train_seconds" not in runs.columns:
        return 0.0
    size = numbers(runs["cohort_size"]).fillna(1) if "cohort_size" in runs.columns else 1
    return float((numbers(runs["train_seconds"]) / size).sum())


def _total(runs: pd.DataFrame, column: str) -> float:
    return float(numbers(runs[column]).sum()) if column in runs.columns else 0.0


def _values(runs: pd.DataFrame, column: str) -> list[str]:
    return _distinct(runs[column]) if column in runs.columns else []


def _distinct(column: pd.Series[Any]) -> list[str]:
    return [str(value) for value in column.dropna().unique() if str(value)]


def _text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.0f}" if isinstance(value, float) else str(value)


__all__ = ["Failure", "Reading", "data_sources", "environments", "failures", "listed", "readings", "summary_paragraph"]
