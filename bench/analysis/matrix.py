"""The pairwise comparison matrix over datasets: what it says of two methods depends on no third.

After Ismail-Fawaz et al. 2023, "An approach to multiple comparison benchmark evaluations that is stable under
manipulation of the comparate set". Their datasets share a scale, accuracy; ours do not, so that the test is of the
chance to be better and not of the difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.contests import Contest, list_contests
from bench.analysis.pairs import improvement, subtract
from bench.analysis.significance import ALPHA, is_decidable
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
    signed-rank test of improvement − ½ over the datasets, zeros by Pratt. As in the paper, it is not corrected;
    `verdict` is of the method, and `cannot be told` where so few datasets could not give a p of 5 %.

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
    rows = [row for contests in by_metric.values() for row in _compare(contests)]
    return pd.DataFrame(rows, columns=MATRIX)


def _compare(contests: list[Contest]) -> Iterator[dict[str, Any]]:
    methods = dict.fromkeys(name for contest in contests for name in contest.methods)
    for one, two in permutations(methods, 2):
        met = [contest for contest in contests if {one, two} <= set(contest.methods)]
        if met:
            yield {"metric": met[0].metric, "method": one, "other": two} | _tell(met, one, two)


def _tell(contests: list[Contest], one: str, two: str) -> dict[str, Any]:
    chances, differences = [], []
    for contest in contests:
        mine, theirs = (contest.methods.index(name) for name in (one, two))
        scores, values = contest.scores, contest.values
        chances.append(improvement(scores[:, mine], scores[:, theirs]))
        paired = subtract(values[:, mine], values[:, theirs])
        differences += [float(paired.mean())] if len(paired) else []
    lead = np.array([chance for chance in chances if not np.isnan(chance)]) - 0.5
    p = _test(lead)
    return {
        "datasets": len(lead),
        "difference": float(np.mean(differences)) if differences else np.nan,
        "wins": int((lead > 0).sum()),
        "ties": int((lead == 0).sum()),
        "losses": int((lead < 0).sum()),
        "improvement": float(lead.mean() + 0.5) if len(lead) else np.nan,
        "p": p,
        "verdict": str(_judge(lead, p)),
    }


def _test(lead: np.ndarray) -> float:
    if not len(lead):
        return float("nan")
    return float(stats.wilcoxon(lead, zero_method="pratt").pvalue) if lead.any() else 1.0


def _judge(lead: np.ndarray, p: float) -> Verdict:
    if not is_decidable(len(lead), 1):  # the signed-rank test can give no smaller p than the sign-flip test
        return Verdict.UNTOLD
    if p > ALPHA:
        return Verdict.WITHIN_NOISE
    ranks = stats.rankdata(np.abs(lead)) * np.sign(lead)
    return Verdict.BETTER if ranks.sum() > 0 else Verdict.WORSE


__all__ = ["MATRIX", "compare_over_datasets"]
