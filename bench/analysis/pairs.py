"""Every two methods compared over the seeds that they share: difference, interval, test, wins, verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.contests import Contest, list_contests
from bench.analysis.intervals import intervals_of
from bench.analysis.significance import sign_flip_tests, smallest_p
from bench.analysis.variants import identify_runs
from bench.analysis.verdicts import decide
from bench.column import Columns

PAIRS = [
    "dataset", "metric", "protocol", "method", "other", "n", "difference", "low", "high", "interval", "p", "p_holm",
    "comparisons", "wins", "ties", "losses", "improvement", "verdict", "why",
]  # fmt: skip
TABLE = ("dataset", "metric", "protocol")
"""What a correction is for unless somebody says otherwise: all pairs of methods in a column of a table."""
AT_CEILING = "an estimate is at its ceiling: no more than a bound is known"
INFINITE = "an infinite figure"
NO_PAIRS = "no seed on which both finished"


def compare_methods(
    runs: pd.DataFrame, columns: Columns, *, metrics: Collection[str] | None = None, family: Sequence[str] = TABLE
) -> pd.DataFrame:
    """Every pair of methods by every metric on every dataset, over the seeds on which both ran.

    `difference` is the mean of (method − other) over the `n` seeds on which both finished, `low` and `high` its 95 %
    interval, `p` the sign-flip test's, `p_holm` after Holm's correction over the `comparisons` of its family. `wins`,
    `ties` and `losses` count seeds, and `improvement` is the probability that a run of the method beats one of the
    other, ties counted half (Agarwal et al. 2021): in these a run that failed is worse than any that finished.
    `verdict` is of the method: `better` or `worse` only where interval and corrected test both exclude 0.

    Args:
        runs: a row per run, as `bench.load` gives it.
        columns: the declared columns.
        metrics: by default all with a better end.
        family: columns of the result that say which comparisons are corrected together; () for all of them.

    Raises:
        BenchError: if a column that identifies a run is missing, or there are no figures of a metric.
    """
    contests = list(list_contests(identify_runs(runs), columns, metrics))
    rows = [row for contest in contests for row in _compare(contest)]
    if not rows:
        return pd.DataFrame(columns=PAIRS)
    frame = assess(pd.DataFrame(rows))
    return decide(frame, family)[PAIRS]


def assess(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs with `n, difference, low, high, interval, p, smallest_p, equal` from their paired differences.

    Args:
        pairs: `differences`, arrays of shape (n,); `obstacle`, where nothing can be told whatever they are.
    """
    samples = list(pairs["differences"])
    intervals, sizes = intervals_of(samples), [len(sample) for sample in samples]
    obstacles = [
        told or ("" if len(own) and np.isfinite(own).all() else INFINITE if len(own) else NO_PAIRS)
        for told, own in zip(pairs["obstacle"], samples, strict=True)
    ]
    return pairs.drop(columns="differences").assign(
        n=sizes,
        difference=[float(np.mean(sample)) if len(sample) else np.nan for sample in samples],
        low=intervals.low,
        high=intervals.high,
        interval=intervals.kind,
        p=sign_flip_tests(samples),
        smallest_p=[smallest_p(size) for size in sizes],
        obstacle=obstacles,
        equal=[bool(len(sample)) and not sample.any() for sample in samples],
    )


def count_wins(scores: np.ndarray, others: np.ndarray) -> tuple[int, int, int]:
    """Wins, ties and losses over the seeds on which both ran, the better end up."""
    both = ~(np.isnan(scores) | np.isnan(others))
    mine, theirs = scores[both], others[both]
    return int((mine > theirs).sum()), int((mine == theirs).sum()), int((mine < theirs).sum())


def improvement(scores: np.ndarray, others: np.ndarray) -> float:
    """Probability that a run of one method beats a run of another, any seed against any, ties counted half."""
    mine, theirs = scores[~np.isnan(scores)], others[~np.isnan(others)]
    if not mine.size or not theirs.size:
        return float("nan")
    # Mann and Whitney's U from ranks: the wins among all pairs, ties counted half, without a table of all pairs
    ranks = stats.rankdata(np.concatenate([mine, theirs]))[: mine.size]
    return float((ranks.sum() - mine.size * (mine.size + 1) / 2) / (mine.size * theirs.size))


def subtract(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Paired differences where both figures are there, infinite ones that are the same 0."""
    both = ~(np.isnan(values) | np.isnan(others))
    mine, theirs = values[both], others[both]
    with np.errstate(invalid="ignore"):
        return np.where(mine == theirs, 0.0, mine - theirs)


def _compare(contest: Contest) -> Iterator[dict[str, Any]]:
    scores = contest.scores
    for one, two in combinations(range(len(contest.methods)), 2):
        wins, ties, losses = count_wins(scores[:, one], scores[:, two])
        both = np.isfinite(contest.values[:, [one, two]]).all(axis=1)
        bounded = contest.bounds[both][:, [one, two]].any()
        yield {
            "dataset": contest.dataset, "metric": contest.metric, "protocol": contest.protocol,
            "method": contest.methods[one], "other": contest.methods[two], "better": contest.better,
            "differences": subtract(contest.values[:, one], contest.values[:, two]),
            "wins": wins, "ties": ties, "losses": losses, "improvement": improvement(scores[:, one], scores[:, two]),
            "obstacle": AT_CEILING if bounded else "",
        }  # fmt: skip


__all__ = [
    "AT_CEILING", "INFINITE", "NO_PAIRS", "PAIRS", "TABLE", "assess", "compare_methods", "count_wins", "improvement",
    "subtract",
]  # fmt: skip
