"""The pairwise comparison matrix over datasets: what it says of two methods depends on no third.

After Ismail-Fawaz et al. 2023, "An approach to multiple comparison benchmark evaluations that is stable under
manipulation of the comparate set". Their datasets share a scale, accuracy; ours do not, so that the test is of the
chance to be better and not of the difference.
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

    `improvement` is the mean over datasets of the probability that a run of the method beats one of the other, a failed
    run being worse than any that finished; a dataset is won where it is above ½. `difference` is the mean over datasets
    of the mean paired difference (method − other), over the seeds on which both finished. `p` is that of Wilcoxon's
    signed-rank test of improvement − ½ over the datasets, zeros by Pratt, exact as far as the sign-flip test is. As in
    the paper it is not corrected; `verdict` is of the method, and `cannot be told` where so few datasets could not give
    a p of 5 %.

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
    """Every two methods with the mean differences of the datasets on which both ran, and the chances there, less ½."""
    methods = dict.fromkeys(name for contest in contests for name in contest.methods)
    scores = [contest.scores for contest in contests]
    for one, two in combinations(methods, 2):
        chances, differences = [], []
        for contest, score in zip(contests, scores, strict=True):
            if not {one, two} <= set(contest.methods):
                continue
            mine, theirs = (contest.methods.index(name) for name in (one, two))
            chances.append(improvement(score[:, mine], score[:, theirs]))
            paired = subtract(contest.values[:, mine], contest.values[:, theirs])
            differences += [float(paired.mean())] if len(paired) else []
        lead = np.array([chance for chance in chances if not np.isnan(chance)]) - 0.5
        if len(lead):
            mean = float(np.mean(differences)) if differences else np.nan
            yield {"metric": contests[0].metric, "method": one, "other": two, "difference": mean, "lead": lead}


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
            "improvement": float(lead.mean() + 0.5),
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
