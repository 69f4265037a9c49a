"""From a row per run to a row per figure: means, spreads and intervals over the seeds, and how many seeds there were.

The unit of replication is the training seed; only finished runs have figures; every other run is counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.averages import interquartile_mean
from bench.analysis.growth import find_growing, find_unresolved
from bench.analysis.intervals import intervals_of
from bench.analysis.measured import describe_protocol, list_metrics, read_numbers
from bench.analysis.variants import identify_runs
from bench.column import Columns, divergence_of
from bench.identity import label_dataset
from bench.statuses import RESULTS, RETRIED, Status

FIGURES = ["dataset", "method", "seed", "metric", "protocol", "value", "reach", "growing", "unresolved"]
SUMMARY = [
    "dataset", "method", "metric", "protocol", "mean", "std", "n", "low", "high", "interval", "median", "iqm",
    "minimum", "maximum", "reach", "at_ceiling", "growing", "unresolved",
]  # fmt: skip
REACH = "_reach"
NOT_RUN = "not_run"
UNFINISHED = (*(status.value for status in RETRIED), NOT_RUN)
"""How a planned run can have ended without a figure, in the order of printing."""
OUTCOME_LABELS = {status.value: status.label for status in Status} | {NOT_RUN: "not run"}
_STATUSES = [status.value for status in RESULTS]
_RUN = ["dataset", "method", "seed"]
_GROUP = ["dataset", "method", "metric", "protocol"]


def collect_figures(runs: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Every finite or infinite figure of every finished run: `dataset, method, seed, metric, protocol, value, …`.

    `reach` is the share of its ceiling that an estimate reaches, NaN for other figures; `growing` and `unresolved` say
    why an estimate has not converged (see `bench.convergence`), where that is known. Where one seed was run more than
    once with the same outcome columns, the latest counts.

    Args:
        runs: runs as `identify_runs` gives them.
        columns: the declared columns.
    """
    done = runs[runs["status"] == "done"]
    again = bool(done.duplicated(_RUN).any())
    parts = [_collect_column(done, metric, columns) for metric in list_metrics(done, columns)]
    if not parts:
        return pd.DataFrame(columns=FIGURES)
    latest = [part.drop_duplicates([*_RUN, "protocol"], keep="last") if again else part for part in parts]
    return pd.concat(latest, ignore_index=True)


def summarise(runs: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Mean, standard deviation (n − 1), n, interval and more over seeds: `dataset, method, metric, protocol, mean, …`.

    `low` and `high` are the ends of the 95 % interval of the mean, `interval` says by which method (`t`, `bca`; empty
    where one seed or an infinite figure allows none); `iqm` is the interquartile mean.
    `reach` is the mean share of its ceiling that an estimate reaches, `at_ceiling` the number of seeds that are at it,
    `growing` and `unresolved` the numbers of seeds whose estimates have not converged (see `bench.convergence`).

    Args:
        runs: a row per run, as `bench.load` gives it.
        columns: the declared columns.

    Raises:
        BenchError: if a column that identifies a run is missing.
    """
    return summarise_figures(collect_figures(identify_runs(runs), columns))


def summarise_figures(values: pd.DataFrame) -> pd.DataFrame:
    """What `summarise` gives, of figures as `collect_figures` gives them."""
    if values.empty:
        return pd.DataFrame(columns=SUMMARY)
    groups = values.assign(at_ceiling=values["reach"] >= 1).groupby(_GROUP, sort=False)
    summary = groups["value"].agg(mean="mean", n="count", median="median", minimum="min", maximum="max")
    summary["std"] = groups["value"].std(ddof=1)
    summary["reach"], summary["at_ceiling"] = groups["reach"].mean(), groups["at_ceiling"].sum()
    for name in ("growing", "unresolved"):
        summary[name] = groups[name].sum()
    samples = [np.asarray(own, dtype=float) for _, own in groups["value"]]
    intervals = intervals_of(samples)
    summary["low"], summary["high"], summary["interval"] = intervals.low, intervals.high, intervals.kind
    summary["iqm"] = [interquartile_mean(sample) for sample in samples]
    return summary.reset_index()[SUMMARY]


def count_outcomes(runs: pd.DataFrame, suite: Mapping[str, Any]) -> pd.DataFrame:
    """How the seeds of each method on each dataset ended.

    Args:
        runs: runs as `identify_runs` gives them.
        suite: the resolved suite; what it plans and the frame lacks is counted as not run.

    Returns:
        A row per dataset and method, in the suite's order: `dataset, method, family, divergence, total, not_run` and a
        column per status.
    """
    methods, datasets = list_methods(suite), list_datasets(suite)
    results = runs[runs["status"].isin(_STATUSES)]
    latest = results.drop_duplicates(_RUN, keep="last")
    rows = [
        _count(group["dataset"].iloc[0], group["method"].iloc[0], group)
        for _, group in latest.groupby(["dataset", "method"], sort=False)
    ]
    seen = set(zip(latest["dataset_name"], latest["method_name"], strict=True))
    planned = {m: _read_planned_labels(suite, m) for m in methods}
    rows += [_count(d, m, latest.iloc[:0]) | planned[m] for d in datasets for m in methods if (d, m) not in seen]
    frame = pd.DataFrame(rows, columns=["dataset", "method", "family", "divergence", "total", "not_run", *_STATUSES])
    if frame.empty:
        return frame
    of_plan = frame["method"].isin(methods) & frame["dataset"].isin(datasets)
    frame["not_run"] = (count_seeds(suite) - frame["total"]).clip(lower=0).where(of_plan, 0).astype(int)
    frame["total"] += frame["not_run"]
    ranks = {
        "dataset": sort_names(runs["dataset"], runs["dataset_name"], datasets),
        "method": sort_names(runs["method"], runs["method_name"], methods),
    }
    return frame.sort_values(["dataset", "method"], key=lambda c: c.map(ranks[str(c.name)].index), ignore_index=True)


def sort_names(labels: pd.Series[str], names: pd.Series[str], planned: Sequence[str]) -> list[str]:
    """The plan's names and all labels, in the order of the plan; names outside it last, in order of appearance.

    Args:
        labels: distinct names, as `identify_runs` makes them.
        names: the name in the suite that each belongs to.
        planned: the suite's names.
    """
    first = ~labels.duplicated()
    belongs = {name: name for name in planned} | dict(zip(labels[first], names[first], strict=True))
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys([*planned, *belongs.values()]))}
    return sorted(belongs, key=lambda label: ranks[belongs[label]])


def list_datasets(suite: Mapping[str, Any]) -> list[str]:
    """What runs call the suite's datasets."""
    return [
        label_dataset(str(entry["name"]), {key: value for key, value in entry.items() if key != "name"})
        if isinstance(entry, Mapping)
        else str(entry)
        for entry in suite.get("datasets") or ()
    ]


def list_methods(suite: Mapping[str, Any]) -> list[str]:
    """What the suite calls its methods."""
    return [str(name) for name in suite.get("methods") or ()]


def count_seeds(suite: Mapping[str, Any]) -> int:
    """How many seeds the suite asks for; 0 if it does not say."""
    seeds = suite.get("seeds") or 0
    return seeds if isinstance(seeds, int) else len(seeds)


def _collect_column(done: pd.DataFrame, metric: str, columns: Columns) -> pd.DataFrame:
    protocol, value = describe_protocol(done, metric, columns), read_numbers(done[metric])
    told = done[_RUN].assign(
        metric=metric,
        protocol=protocol,
        value=value,
        reach=_read_companion(done, f"{metric}{REACH}"),
        growing=find_growing(done, metric),
        unresolved=find_unresolved(done, metric, columns.lower_end(divergence_of(metric) or "")),
    )
    return told[value.notna()]


def _read_companion(done: pd.DataFrame, name: str) -> pd.Series[float]:
    return read_numbers(done[name]) if name in done.columns else pd.Series(math.nan, index=done.index)


def _read_planned_labels(suite: Mapping[str, Any], method: str) -> dict[str, str]:
    """Family and divergence of a method that has no run, as the suite gives them."""
    blocks = suite.get("methods")
    block = blocks.get(method) if isinstance(blocks, Mapping) else None
    given = block if isinstance(block, Mapping) else {}
    return {name: str(given.get(name) or "") for name in ("family", "divergence")}


def _count(dataset: str, method: str, group: pd.DataFrame) -> dict[str, Any]:
    def label(name: str) -> str:
        known = group[name].dropna() if name in group else group.iloc[:0]
        return str(known.iloc[-1]) if len(known) else ""

    by_status = {status: int((group["status"] == status).sum()) for status in _STATUSES}
    row = {"dataset": dataset, "method": method, "family": label("family"), "divergence": label("divergence")}
    return row | {"total": len(group), "not_run": 0} | by_status


__all__ = [
    "FIGURES",
    "NOT_RUN",
    "OUTCOME_LABELS",
    "SUMMARY",
    "UNFINISHED",
    "collect_figures",
    "count_outcomes",
    "count_seeds",
    "list_datasets",
    "list_methods",
    "sort_names",
    "summarise",
    "summarise_figures",
]
