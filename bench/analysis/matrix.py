"""The pairwise comparison matrix over datasets: what it says of two methods depends on no third.

After Ismail-Fawaz et al. 2023, "An approach to multiple comparison benchmark evaluations that is stable under
manipulation of the comparate set".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.contests import Contest, list_contests
from bench.analysis.pairs import improvement, subtract
from bench.analysis.significance import ALPHA, is_decidable, sign_flip_tests
from bench.analysis.variants import identify_runs
from bench.analysis.verdicts import Verdict
from bench.column import Columns

MATRIX = [
    "metric",
    "method",
    "other",
    "datasets",
    "difference",
    "wins",
    "ties",
    "losses",
    "improvement",
    "p",
    "verdict",
]


def compare_over_datasets(
    runs: pd.DataFrame, columns: Columns, *, metrics: Collection[str] | None = None
) -> pd.DataFrame:
    """Every ordered pair of methods by every metric over the datasets on which both ran: a row per cell of the matrix.

    On each dataset the mean paired difference (method − other) over shared seeds counts, and as a mean with the worst
    figure is the worst, a method of which more runs failed than of the other loses the dataset by more than any figure
    could. `difference` is the mean over datasets on which it is known, `wins`, `ties` and `losses` count datasets, and
    `p` is that of Wilcoxon's signed-rank test, zeros by Pratt, exact as far as the sign-flip test is. As in the paper
    it is not corrected. `improvement` is the mean over datasets of the probability that a run of the method beats one
    of the other. `verdict` is of the method; it `cannot be told` where so few datasets could not give a p of 5 %.

    Differences are ranked over datasets: where their scales are far apart, as those of FID are, the largest scale has
    the highest ranks.

    Args:
        runs: a row per run, as `bench.load` gives it.
        columns: the declared columns.
        metrics: by default all with a better end.

    Raises:
        BenchError: if a column that identifies a run is missing, or there are no figures of a metric.
    """
    by_metric: dict[str, list[Contest]] = {}
    for contest in list_contests(identify_runs(runs), columns, metrics):
        by_metric.setdefault(contest.metric, []).append(contest)
    met = [pair for contests in by_metric.values() for pair in _meet(contests)]
    p = sign_flip_tests([_rank_signed(lead) for lead in (pair["lead"] for pair in met)])
    rows = [row for pair, own in zip(met, p, strict=True) for row in _tell(pair, float(own))]
    return pd.DataFrame(rows, columns=MATRIX)


def _meet(contests: list[Contest]) -> Iterator[dict[str, Any]]:
    """Every two methods with what they did on the datasets on which both ran."""
    methods = dict.fromkeys(name for contest in contests for name in contest.methods)
    scores = [contest.scores for contest in contests]
    for one, two in combinations(methods, 2):
        met = [
            _hold(contest, score, one, two)
            for contest, score in zip(contests, scores, strict=True)
            if {one, two} <= set(contest.methods)
        ]
        known = [(gain, difference, chance) for gain, difference, chance in met if not np.isnan(chance)]
        if known:
            gains, differences, chances = (np.array(part) for part in zip(*known, strict=True))
            told = differences[~np.isnan(differences)]
            yield {
                "metric": contests[0].metric, "method": one, "other": two, "lead": gains,
                "difference": float(told.mean()) if len(told) else np.nan, "chance": float(chances.mean()),
            }  # fmt: skip


def _hold(contest: Contest, scores: np.ndarray, one: str, two: str) -> tuple[float, float, float]:
    """By how much the first leads on a dataset, the better end up; the mean difference; the chance to be better."""
    mine, theirs = (contest.methods.index(name) for name in (one, two))
    shared = ~np.isnan(scores[:, [mine, theirs]]).any(axis=1)
    failed = contest.failed[shared].sum(axis=0)
    paired = subtract(contest.values[:, mine], contest.values[:, theirs])
    difference = float(paired.mean()) if len(paired) else np.nan
    chance = improvement(scores[shared, mine], scores[shared, theirs])
    if failed[mine] != failed[theirs]:
        return float(np.copysign(np.inf, failed[theirs] - failed[mine])), difference, chance
    return contest.better * difference if len(paired) else 0.0, difference, chance


def _rank_signed(lead: np.ndarray) -> np.ndarray:
    """Signed ranks: flipping their signs is Wilcoxon's test, ties and zeros included."""
    return np.asarray(stats.rankdata(np.abs(lead)) * np.sign(lead))


def _tell(pair: dict[str, Any], p: float) -> Iterator[dict[str, Any]]:
    """Both cells of a pair in the matrix."""
    for method, other, sign in ((pair["method"], pair["other"], 1), (pair["other"], pair["method"], -1)):
        lead = sign * pair["lead"]
        yield {
            "metric": pair["metric"],
            "method": method,
            "other": other,
            "datasets": len(lead),
            "difference": sign * pair["difference"],
            "wins": int((lead > 0).sum()),
            "ties": int((lead == 0).sum()),
            "losses": int((lead < 0).sum()),
            "improvement": pair["chance"] if sign > 0 else 1 - pair["chance"],
            "p": p,
            "verdict": str(_judge(lead, p)),
        }


def _judge(lead: np.ndarray, p: float) -> Verdict:
    if not is_decidable(len(lead), 1):
        return Verdict.UNTOLD
    if p > ALPHA:
        return Verdict.WITHIN_NOISE
    return Verdict.BETTER if _rank_signed(lead).sum() > 0 else Verdict.WORSE


__all__ = ["MATRIX", "compare_over_datasets"]
