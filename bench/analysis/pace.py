"""How fast a suite gets on: runs an hour, and what is left of the time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

RECENT = 50
"""Finished runs that the rate is taken from."""
PAUSE_SECONDS = 60.0
"""Time in which nothing runs from which on it does not count: the command was stopped then."""
_CELL = ["dataset", "method"]


@dataclass(frozen=True)
class TimeLeft:
    """What is left of the time.

    Attributes:
        seconds: the expected time; None where it cannot be told.
        unknown: dataset and method of the runs that nothing is known of, in order.
    """

    seconds: float | None
    unknown: tuple[tuple[str, str], ...] = ()


def finished_at(runs: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """When each run was finished: its start, and what training and measuring took.

    The members of a cohort start together and are measured one after another, in the order of their seeds.

    Args:
        runs: a row per run, with dataset, method, seed, started_at, train_seconds, eval_seconds.
    """
    ordered = runs.sort_values("seed", kind="stable")
    measured = ordered["eval_seconds"].astype("float64").fillna(0.0)
    waited = measured.groupby([ordered[name] for name in (*_CELL, "started_at")]).cumsum()
    seconds = ordered["train_seconds"].astype("float64").fillna(0.0) + waited
    return (ordered["started_at"] + pd.to_timedelta(seconds, unit="s")).reindex(runs.index)


def runs_an_hour(runs: pd.DataFrame) -> float | None:
    """The rate of the latest runs, over the time in which any of them was at work; None where none took any time.

    Args:
        runs: a row per run, with started_at and finished_at.
    """
    latest = runs.sort_values("finished_at").tail(RECENT).sort_values("started_at")
    if latest.empty:
        return None
    busy, end = 0.0, latest["started_at"].iloc[0]
    for started, finished in zip(latest["started_at"], latest["finished_at"], strict=True):
        pause = (started - end).total_seconds()
        start = started if pause > PAUSE_SECONDS else end
        busy += max(0.0, (finished - start).total_seconds())
        end = max(end, finished)
    return 3600.0 * len(latest) / busy if busy > 0 else None


def time_left(
    ended: pd.DataFrame,
    to_do: pd.DataFrame,
    running: Mapping[str, float],
    *,
    slots: int,
) -> TimeLeft:
    """How long the runs that have no record will take.

    Args:
        ended: a row per run that has one, with dataset, method, status, cohort_size, train_seconds, eval_seconds.
        to_do: a row per run that has none, running ones included, with run_id, dataset, method and, where the suite
            told it, expected_seconds, a guess.
        running: how many seconds each running one has been at work, by its id.
        slots: how many cohorts run at once.
    """
    if to_do.empty:
        return TimeLeft(0.0)
    seconds = _expected(ended, to_do)
    lacking = to_do.loc[seconds.isna(), _CELL].drop_duplicates()
    if len(lacking):
        return TimeLeft(None, tuple(lacking.itertuples(index=False, name=None)))
    passed = to_do["run_id"].map(running).fillna(0.0).astype("float64")
    left = (seconds - passed).clip(lower=0.0)
    under_way = left[to_do["run_id"].isin(list(running))]
    longest = float(under_way.max()) if len(under_way) else 0.0
    return TimeLeft(max(float(left.sum()) / max(1, slots), longest))


def _expected(ended: pd.DataFrame, to_do: pd.DataFrame) -> pd.Series[float]:
    """What each run takes: as others of its method and dataset did; else the guess, times what guesses were off by."""
    done = ended[(ended["status"] == "done") & ended["eval_seconds"].notna()]
    took = done["train_seconds"].astype("float64").fillna(0.0) / done["cohort_size"].astype("float64")
    took = took + done["eval_seconds"].astype("float64")
    known = took.groupby([done[name] for name in _CELL]).mean()
    cells = pd.MultiIndex.from_frame(to_do[_CELL])
    seconds = pd.Series(known.reindex(cells).to_numpy(), index=to_do.index)
    if "expected_seconds" not in to_do.columns:
        return seconds
    guesses = to_do["expected_seconds"].astype("float64")
    return seconds.fillna(guesses * to_do["method"].map(_off_by(known, ended)).fillna(1.0))


def _off_by(known: pd.Series[float], ended: pd.DataFrame) -> Mapping[str, float]:
    """By what factor the guesses of each method were off so far."""
    if "expected_seconds" not in ended.columns:
        return {}
    guessed = ended.groupby(_CELL)["expected_seconds"].mean().reindex(known.index)
    both = pd.DataFrame({"took": known, "guessed": guessed}).dropna().groupby("method").sum()
    factors = both["took"] / both["guessed"]
    return {str(method): float(factor) for method, factor in factors.items()}


def approximate(seconds: float) -> str:
    """A time in words: about 9 min."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def count_states(runs: pd.DataFrame, states: Collection[str]) -> pd.DataFrame:
    """How many runs of each dataset and method are in which state.

    Args:
        runs: a row per run, with dataset, method and state.
        states: the states in the order of the columns; those that do not occur are left out.
    """
    if runs.empty:
        return pd.DataFrame(index=pd.MultiIndex.from_frame(runs[_CELL]))
    counts = pd.crosstab([runs["dataset"], runs["method"]], runs["state"])
    order = runs.drop_duplicates(_CELL)[_CELL]
    present = [state for state in states if state in counts.columns]
    return counts.reindex(index=pd.MultiIndex.from_frame(order), columns=present)
