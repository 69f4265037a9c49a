"""Two sets of results compared run by run: a row per method, dataset and metric, with a verdict.

Differences are paired by seed and judged as those of methods are: an interval and the sign-flip test after Holm's
correction, over all rows. Of one shared seed nothing is known of the spread over seeds; there the standard errors of
the two figures decide, so that a claim is of these two models on this test data, not of the method.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.comparison.matching import match_runs
from bench.analysis.comparison.pairing import FINISHED, pair_runs, read_facts
from bench.analysis.contests import choose_metrics
from bench.analysis.estimates import take_errors
from bench.analysis.intervals import LEVEL
from bench.analysis.pairs import assess
from bench.analysis.verdicts import Verdict, decide
from bench.column import Columns
from bench.errors import BenchError

COMPARISON = [
    "dataset", "method", "metric", "protocol", "better", "n", "before", "after", "difference", "low", "high",
    "interval", "p", "p_holm", "comparisons", "wins", "ties", "losses", "verdict", "why",
]  # fmt: skip
BY_STANDARD_ERRORS = "se"


def compare_results(
    before: pd.DataFrame, after: pd.DataFrame, columns: Columns, *, metrics: Collection[str] | None = None
) -> pd.DataFrame:
    """Compare the runs that two sets of results share: a row per dataset, method and metric.

    `difference` is the mean of (after − before) over the `n` shared seeds on which both finished, `low`, `high` and
    `interval` its 95 % interval (`t`, `bca`, or `se` for standard errors of one seed), `p_holm` the corrected p of
    `comparisons` rows. `wins`, `ties` and `losses` count seeds on which `after` is better, as good, worse; a failed run
    is worse than any that finished. The metric `finished` is the share of runs that finished. Of runs of estimators the
    figure is the error, |estimate − exact value|.

    Verdicts are of `after`: better, worse, within noise, same (equal bit for bit), cannot be told, not comparable, or
    different where the metric has no better end; `why` says more. A method that finished before and never does now is
    worse without a test.

    Args:
        before: a row per run, as `bench.load` gives it.
        after: likewise.
        columns: the declared columns of both.
        metrics: by default all with a better end that depend on the run.

    Raises:
        BenchError: if a column that identifies a run is missing, there are no figures of a metric, or the results share
            neither settings nor names.
    """
    matches = match_runs(before, after)
    if matches and not any(len(match.before) and len(match.after) for match in matches):
        raise BenchError("the two results have no method on a dataset in common; compare results of one suite")
    both = take_errors(pd.concat([before.assign(_side=0), after.assign(_side=1)], ignore_index=True))
    chosen = choose_metrics(both, columns, metrics)
    facts = {metric: read_facts(both, metric, columns) for metric in chosen}
    rows = [row for match in matches for row in pair_runs(match, facts, columns)]
    if not rows:
        return pd.DataFrame(columns=COMPARISON)
    told = decide(_by_standard_errors(assess(pd.DataFrame(rows))), ())
    return _conclude(told)[COMPARISON]


def find_worse(comparison: pd.DataFrame) -> list[str]:
    """What got worse beyond noise, a line each."""
    worse = comparison[comparison["verdict"] == Verdict.WORSE]
    return [
        f"{row['dataset']} · {row['method']} · {row['metric']}: {row['before']:.6g} → {row['after']:.6g}"
        for row in worse.to_dict(orient="records")
    ]


def _by_standard_errors(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs with a test by standard errors where there is one seed; none where there is no standard error."""
    single = (pairs["n"] == 1) & (pairs["incomparable"] == "")
    pairs.loc[single, "p"] = np.nan
    tested = single & pairs["error"].notna() & np.isfinite(pairs["difference"])
    half = stats.norm.ppf((1 + LEVEL) / 2) * pairs["error"]
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(pairs["difference"] == 0, 0.0, np.abs(pairs["difference"] / pairs["error"]))
    pairs.loc[tested, "p"] = 2 * stats.norm.sf(size[tested])
    pairs.loc[tested, "low"], pairs.loc[tested, "high"] = pairs["difference"] - half, pairs["difference"] + half
    pairs.loc[tested, "interval"], pairs.loc[tested, "smallest_p"] = BY_STANDARD_ERRORS, 0.0
    return pairs


def _conclude(told: pd.DataFrame) -> pd.DataFrame:
    """The verdicts that need no test."""
    frame = told.rename(columns={"better": "sign"}).rename(columns={"end": "better"})
    apart = frame["incomparable"] != ""
    frame.loc[apart, "verdict"], frame.loc[apart, "why"] = str(Verdict.INCOMPARABLE), frame["incomparable"]
    finished = (frame["metric"] == FINISHED) & ~apart
    gone = finished & (frame["before"] > 0) & (frame["after"] == 0)
    come = finished & (frame["before"] == 0) & (frame["after"] > 0)
    frame.loc[gone, ["verdict", "why"]] = str(Verdict.WORSE), "none finishes any more"
    frame.loc[come, ["verdict", "why"]] = str(Verdict.BETTER), "none finished before"
    return frame


__all__ = ["COMPARISON", "FINISHED", "compare_results", "find_worse"]
