"""The rows of a comparison before they are judged: paired differences of each metric, or why there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.comparison.matching import Match
from bench.analysis.measured import describe_protocol, read_numbers
from bench.analysis.pairs import AT_CEILING, NO_PAIRS, count_wins, subtract
from bench.column import Columns
from bench.statuses import RESULTS, Status

FINISHED = "finished"
"""The metric of rows that say which share of the runs finished."""
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


def read_facts(both: pd.DataFrame, metric: str, columns: Columns) -> pd.DataFrame:
    """Value, error, reach and protocol of each run by side and id, rows in the order of the frame."""

    def column(name: str) -> pd.Series[float]:
        return read_numbers(both[name]) if name in both.columns else pd.Series(np.nan, index=both.index)

    return pd.DataFrame({
        "side": both["_side"], "run_id": both["run_id"], "value": column(metric), "error": column(f"{metric}_se"),
        "reach": column(f"{metric}_reach"), "protocol": describe_protocol(both, metric, columns),
    }).set_index(["side", "run_id"])  # fmt: skip


def pair_runs(match: Match, facts: Mapping[str, pd.DataFrame], columns: Columns) -> Iterator[dict[str, Any]]:
    """The rows of a match: what finished, and each metric that either side has.

    Args:
        match: runs that belong together.
        facts: what `read_facts` gives, by metric.
        columns: the declared columns.
    """
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


__all__ = ["FINISHED", "pair_runs", "read_facts"]
