"""The summary paragraph: what was run on what, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.analysis.statistics import OUTCOME_LABELS, UNFINISHED, list_datasets, list_methods
from bench.reporting.page.provenance import describe_machines, describe_time, list_distinct
from bench.reporting.text import join_names, write_count
from bench.statuses import Status


def write_summary(runs: pd.DataFrame, counts: pd.DataFrame, suite: Mapping[str, Any]) -> str:
    """What was run on what, how it ended, by what, when, and how long it took.

    Args:
        runs: runs as `identify_runs` gives them.
        counts: as `statistics.counts` gives it.
        suite: the resolved suite.
    """
    methods = list_distinct(counts["method"]) or list_methods(suite)
    datasets = list_distinct(counts["dataset"]) or list_datasets(suite)
    plan = f"{write_count(len(methods), 'method')} ({join_names(methods)}) on "
    plan += f"{write_count(len(datasets), 'dataset')} ({join_names(datasets)})"
    if runs.empty:
        return f"{plan}."
    ended = f"{plan}, {_describe_seeds(counts)}: {_describe_outcomes(runs, counts)}."
    return " ".join(sentence for sentence in (ended, describe_machines(runs), describe_time(runs)) if sentence)


def _describe_seeds(counts: pd.DataFrame) -> str:
    sizes = sorted(set(counts["total"]))
    if len(sizes) == 1:
        return f"{write_count(int(sizes[0]), 'seed')} each"
    return f"{sizes[0]} to {sizes[-1]} seeds each"


def _describe_outcomes(runs: pd.DataFrame, counts: pd.DataFrame) -> str:
    parts = [f"{counts['done'].sum()} of {write_count(int(counts['total'].sum()), 'run')} finished"]
    numbers = {status: int(counts[status].sum()) for status in UNFINISHED}
    numbers[Status.INTERRUPTED.value] = int((runs["status"] == Status.INTERRUPTED.value).sum())
    return ", ".join([*parts, *(f"{number} {OUTCOME_LABELS[name]}" for name, number in numbers.items() if number)])


__all__ = ["write_summary"]
