"""From the runs of a search to the winner of each method: those that diverged or failed rank last, never left out."""

from __future__ import annotations

import pandas as pd

from bench.analysis.measured import read_numbers
from bench.column import Better
from bench.statuses import Status

TRIALS = ["dataset", "method", "trial", "status", "value"]
WINNERS = ["dataset", "method", "trial", "value", "trials", "succeeded"]
_GROUP = ["dataset", "method"]


def collect_trials(runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A row per dataset, method and trial, in this order: how it ended, and its figure.

    Args:
        runs: the runs of a search, a row each.
        metric: the column that is chosen by.

    Returns:
        `dataset, method, trial, status, value`; the value is NaN where a run has none: it ended otherwise than done, or
        the metric does not apply to its method. Of several runs of a trial the latest counts.
    """
    if runs.empty:
        return pd.DataFrame(columns=TRIALS)
    figures = read_numbers(runs[metric]) if metric in runs.columns else pd.Series(float("nan"), index=runs.index)
    found = runs.assign(value=figures.where(runs["status"] == Status.DONE))
    if "started_at" in found.columns:
        found = found.sort_values("started_at", kind="stable")
    latest = found.drop_duplicates([*_GROUP, "trial"], keep="last")
    return latest.sort_values([*_GROUP, "trial"], kind="stable", ignore_index=True)[TRIALS]


def rank_trials(trials: pd.DataFrame, better: Better) -> pd.DataFrame:
    """The trials of each method on each dataset, the best first; ties by trial number, those without a figure last.

    Args:
        trials: as `collect_trials` gives them.
        better: which end of the metric is better.
    """
    ascending = [True, True, better == "lower", True]
    return trials.sort_values(
        ["dataset", "method", "value", "trial"], ascending=ascending, na_position="last", kind="stable",
        ignore_index=True,
    )  # fmt: skip


def select_winners(trials: pd.DataFrame, better: Better) -> pd.DataFrame:
    """The winner of each method on each dataset.

    Args:
        trials: as `collect_trials` gives them.
        better: which end of the metric is better.

    Returns:
        `dataset, method, trial, value, trials, succeeded`: the winning trial and its figure, null where no trial has a
        figure, and how many trials there are and have one.
    """
    groups = rank_trials(trials, better).groupby(_GROUP, sort=False)
    rows = [(*names, *_describe(group)) for names, group in groups]
    return pd.DataFrame(rows, columns=WINNERS).astype({"trial": "Int64"})


def _describe(ranked: pd.DataFrame) -> tuple[int | None, float, int, int]:
    succeeded = int(ranked["value"].notna().sum())
    first = ranked.iloc[0]
    return (int(first["trial"]) if succeeded else None), float(first["value"]), len(ranked), succeeded


__all__ = ["TRIALS", "WINNERS", "collect_trials", "rank_trials", "select_winners"]
