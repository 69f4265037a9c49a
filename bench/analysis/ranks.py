"""Ranks of methods, and how many of their runs finished. Ranks depend on who else is in the pool: see `matrix` too."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.contests import Contest, list_contests
from bench.analysis.intervals import LEVEL
from bench.analysis.pairs import TABLE
from bench.analysis.variants import identify_runs
from bench.column import Columns
from bench.statuses import RESULTS, Status

RANKS = [*TABLE, "method", "n", "rank", "failed"]
MEAN_RANKS = ["metric", "method", "datasets", "rank"]
SUCCESS = ["dataset", "method", "runs", "done", "rate", "low", "high"]
_PLACE = ["dataset", "method", "seed"]


def rank_methods(runs: pd.DataFrame, columns: Columns, *, metrics: Collection[str] | None = None) -> pd.DataFrame:
    """Mean rank of each method over the seeds that all have, 1 the best: `dataset, …, method, n, rank, failed`.

    Runs are ranked seed by seed; equal figures share the mean of their ranks, and so do failed runs, behind all others.
    `n` is the number of seeds, `failed` how many of the method's runs failed on them.

    Args:
        runs: a row per run, as `bench.load` gives it.
        columns: the declared columns.
        metrics: by default all with a better end.

    Raises:
        BenchError: if a column that identifies a run is missing, or there are no figures of a metric.
    """
    rows = [row for contest in list_contests(identify_runs(runs), columns, metrics) for row in _rank(contest)]
    return pd.DataFrame(rows, columns=RANKS)


def average_ranks(ranks: pd.DataFrame) -> pd.DataFrame:
    """Mean rank of each method over the datasets that all of a metric's methods are ranked on, the best first.

    Args:
        ranks: as `rank_methods` gives them, of one protocol for each dataset and metric.
    """
    known = ranks[ranks["rank"].notna()]
    rows = []
    for metric, own in known.groupby("metric", sort=False):
        table = own.pivot_table(index="dataset", columns="method", values="rank", aggfunc="mean", sort=False).dropna()
        means = table.mean().sort_values(kind="stable")
        rows += [(metric, method, len(table), rank) for method, rank in means.items()] if len(table) else []
    return pd.DataFrame(rows, columns=MEAN_RANKS)


def success_rates(runs: pd.DataFrame) -> pd.DataFrame:
    """Share of the seeds that finished, with Wilson's 95 % interval: `dataset, method, runs, done, rate, low, high`.

    Args:
        runs: a row per run, as `bench.load` gives it.

    Raises:
        BenchError: if a column that identifies a run is missing.
    """
    known = identify_runs(runs)
    ended = known[known["status"].isin([status.value for status in RESULTS])].drop_duplicates(_PLACE, keep="last")
    rows = []
    for key, own in ended.groupby(["dataset", "method"], sort=False):
        total, done = len(own), int((own["status"] == Status.DONE).sum())
        interval = stats.binomtest(done, total).proportion_ci(LEVEL, method="wilson")
        rows.append((*key, total, done, done / total, float(interval.low), float(interval.high)))
    return pd.DataFrame(rows, columns=SUCCESS)


def _rank(contest: Contest) -> list[tuple[object, ...]]:
    scores = contest.scores
    shared = ~np.isnan(scores).any(axis=1)
    n = int(shared.sum())
    ranks = stats.rankdata(-scores[shared], axis=1).mean(axis=0) if n else np.full(len(contest.methods), np.nan)
    failed = contest.failed[shared].sum(axis=0)
    return [
        (contest.dataset, contest.metric, contest.protocol, method, n, float(rank), int(lost))
        for method, rank, lost in zip(contest.methods, ranks, failed, strict=True)
    ]


__all__ = ["MEAN_RANKS", "RANKS", "SUCCESS", "average_ranks", "rank_methods", "success_rates"]
