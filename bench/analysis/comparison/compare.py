"""Two sets of results compared run by run: a row per method, dataset and metric, with a verdict.

Differences are paired by seed and judged as those of methods are: an interval and the sign-flip test after Holm's
correction, over all rows. Of one shared seed nothing is known of the spread over seeds; there the standard errors of
the two figures decide, so that a claim is of these two models on this test data, not of the method.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.comparison.matching import Match, match_runs
from bench.analysis.contests import choose_metrics
from bench.analysis.estimates import take_errors
from bench.analysis.intervals import LEVEL
from bench.analysis.measured import describe_protocol, read_numbers
from bench.analysis.pairs import AT_CEILING, NO_PAIRS, assess, count_wins, subtract
from bench.analysis.verdicts import Verdict, decide
from bench.column import Columns
from bench.errors import BenchError
from bench.statuses import RESULTS, Status

COMPARISON = [
    "dataset", "method", "metric", "protocol", "better", "n", "before", "after", "difference", "low", "high",
    "interval", "p", "p_holm", "comparisons", "wins", "ties", "losses", "verdict", "why",
]  # fmt: skip
FINISHED = "finished"
"""The metric of rows that say which share of the runs finished."""
BY_STANDARD_ERRORS = "se"
ONE_SEED = "one shared seed and no standard error"
NOT_ENDED = "a run has not ended"
_ENDED = [status.value for status in RESULTS]
_SIGNS = {"higher": 1, "lower": -1}


@dataclass(frozen=True)
class _Side:
    """One metric of the shared seeds of a match, in one of the results: arrays of shape (seeds,)."""

    values: np.ndarray
    errors: np.ndarray
    failed: np.ndarray
    bounds: np.ndarray
    protocols: np.ndarray


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
    facts = {metric: _read(both, metric, columns) for metric in chosen}
    rows = [row for match in matches for row in _compare_match(match, facts, columns)]
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


def _read(both: pd.DataFrame, metric: str, columns: Columns) -> pd.DataFrame:
    """Value, error, reach and protocol of each run by side and id, rows in the order of the frame."""

    def column(name: str) -> pd.Series[float]:
        return read_numbers(both[name]) if name in both.columns else pd.Series(np.nan, index=both.index)

    return pd.DataFrame({
        "side": both["_side"], "run_id": both["run_id"], "value": column(metric), "error": column(f"{metric}_se"),
        "reach": column(f"{metric}_reach"), "protocol": describe_protocol(both, metric, columns),
    }).set_index(["side", "run_id"])  # fmt: skip


def _compare_match(match: Match, facts: dict[str, pd.DataFrame], columns: Columns) -> Iterator[dict[str, Any]]:
    names = {"dataset": match.dataset, "method": match.method}
    shared = sorted(set(match.before["seed"]) & set(match.after["seed"]))
    why = match.why or ("" if shared else "no shared seed")
    if why:
        yield names | _incomparable("", "", why)
        return
    old, new = (runs.set_index("seed").loc[shared] for runs in (match.before, match.after))
    yield names | _count_finished(old, new)
    for metric, own in facts.items():
        yield from (names | row for row in _compare_metric(metric, own, (old, new), columns))


def _compare_metric(
    metric: str, facts: pd.DataFrame, runs: tuple[pd.DataFrame, pd.DataFrame], columns: Columns
) -> Iterator[dict[str, Any]]:
    old, new = (_take(facts, side, own) for side, own in enumerate(runs))
    had, has = (~np.isnan(side.values) for side in (old, new))
    if not had.any() and not has.any():
        return
    better = columns.describe(metric).better or ""
    if not had.any() or not has.any():
        lost, there = ((old, "before"), (new, "after")) if not had.any() else ((new, "after"), (old, "before"))
        if not lost[0].failed.all():  # that no run finished is told by the row of what finished
            yield _incomparable(metric, better, f"it was measured {there[1]} only")
        return
    told_old, told_new = (set(side.protocols[known]) for side, known in ((old, had), (new, has)))
    if told_old != told_new or len(told_new) > 1:
        yield _incomparable(metric, better, _tell_protocols(told_old, told_new))
        return
    yield _pair(metric, better, told_new.pop(), old, new)


def _pair(metric: str, better: str, protocol: str, old: _Side, new: _Side) -> dict[str, Any]:
    sign = _SIGNS.get(better, 0)
    scores = [np.where(side.failed, -np.inf, (sign or 1) * side.values) for side in (old, new)]
    wins, ties, losses = count_wins(scores[1], scores[0])
    both = ~(np.isnan(old.values) | np.isnan(new.values))
    differences = subtract(new.values, old.values)
    error = float(np.hypot(old.errors[both][0], new.errors[both][0])) if both.sum() == 1 else np.nan
    bounded = bool((old.bounds | new.bounds)[both].any())
    single = both.sum() == 1 and np.isnan(error)
    return {
        "metric": metric, "protocol": protocol, "better": sign, "end": better, "differences": differences,
        "before": _mean(old.values[both]), "after": _mean(new.values[both]), "error": error,
        "wins": wins, "ties": ties, "losses": losses,
        "obstacle": AT_CEILING if bounded else ONE_SEED if single else "", "incomparable": "",
    }  # fmt: skip


def _count_finished(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, Any]:
    """The row that says how many runs finished, of those that ended on both sides."""
    ended = (old["status"].isin(_ENDED) & new["status"].isin(_ENDED)).to_numpy(dtype=bool)
    did, does = ((runs["status"] == Status.DONE).to_numpy(dtype=float)[ended] for runs in (old, new))
    wins, ties, losses = count_wins(does, did)
    single = ended.sum() == 1
    return {
        "metric": FINISHED, "protocol": "", "better": 1, "end": "higher", "differences": does - did,
        "before": _mean(did), "after": _mean(does), "error": np.nan, "wins": wins, "ties": ties, "losses": losses,
        "obstacle": ONE_SEED if single else "" if ended.any() else NOT_ENDED, "incomparable": "",
    }  # fmt: skip


def _incomparable(metric: str, better: str, why: str) -> dict[str, Any]:
    return {
        "metric": metric, "protocol": "", "better": 0, "end": better, "differences": np.empty(0), "before": np.nan,
        "after": np.nan, "error": np.nan, "wins": 0, "ties": 0, "losses": 0, "obstacle": NO_PAIRS, "incomparable": why,
    }  # fmt: skip


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


def _take(facts: pd.DataFrame, side: int, runs: pd.DataFrame) -> _Side:
    own = facts.loc[[(side, run_id) for run_id in runs["run_id"]]]
    done, ended = (runs["status"] == Status.DONE).to_numpy(), runs["status"].isin(_ENDED).to_numpy()
    values = np.where(done, own["value"].to_numpy(), np.nan)
    return _Side(
        values,
        own["error"].to_numpy(),
        ended & ~done,
        own["reach"].to_numpy() >= 1,
        own["protocol"].to_numpy(dtype=object),
    )


def _tell_protocols(before: set[str], after: set[str]) -> str:
    """What differs between texts as `describe_protocol` gives them."""
    if before == after:
        return f"it is measured in several ways: {'; '.join(sorted(after))}"
    old, new = (
        dict.fromkeys(part for text in sorted(texts) for part in text.split(" · ")) for texts in (before, after)
    )
    gone, come = ([part for part in one if part not in two] for one, two in ((old, new), (new, old)))
    return f"measured otherwise: {', '.join(gone) or 'nothing said'} → {', '.join(come) or 'nothing said'}"


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


__all__ = ["COMPARISON", "FINISHED", "compare_results", "find_worse"]
