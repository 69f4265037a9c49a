"""What may be said of a difference: claimed only where the interval and the corrected test agree.

Where no outcome of the test could have been significant, the verdict is that it cannot be told, never that there is no
difference. Of methods that are alike, something is claimed in 3 to 5 of 100 tables of ten comparisons
(`tests/analysis/simulation.csv`). That is so because their differences could as well have the other sign; of methods
with equal means whose differences are as skewed as a lognormal variable, something is claimed in 33 to 42.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.significance import ALPHA, correct_by_holm, pairs_needed


class Verdict(StrEnum):
    """What is known of a difference."""

    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    SAME = "same"
    WITHIN_NOISE = "within noise"
    UNTOLD = "cannot be told"
    INCOMPARABLE = "not comparable"


def decide(comparisons: pd.DataFrame, family: Sequence[str]) -> pd.DataFrame:
    """The comparisons with `comparisons` (how many the family has), `p_holm`, `verdict` and `why`.

    Args:
        comparisons: `difference, low, high, p, n`; `better`: 1 where higher figures are better, −1 where lower are, 0
            where no end is; `smallest_p`: what p could have been at least; `obstacle`: why nothing could be told, empty
            where nothing stands in the way; `equal`: whether all figures are the same.
        family: columns that say which comparisons are corrected together; all of them where it names none.
    """
    frame = comparisons.copy()
    frame["comparisons"], frame["p_holm"] = 0, np.nan
    groups = frame.groupby(list(family), sort=False, dropna=False).indices.values() if family else [range(len(frame))]
    for places in groups:
        index = frame.index[list(places)]
        frame.loc[index, "comparisons"] = int(frame.loc[index, "p"].notna().sum())
        frame.loc[index, "p_holm"] = correct_by_holm(frame.loc[index, "p"].to_numpy(dtype=float))
    told = [_judge(row) for row in frame.to_dict(orient="records")]
    frame["verdict"] = [str(verdict) for verdict, _ in told]
    frame["why"] = [why for _, why in told]
    return frame


def _judge(row: dict[Any, Any]) -> tuple[Verdict, str]:
    if row["equal"]:
        return Verdict.SAME, ""
    if row["obstacle"]:
        return Verdict.UNTOLD, row["obstacle"]
    if row["p_holm"] <= ALPHA and (row["low"] > 0 or row["high"] < 0):
        return _direction(row["difference"] * row["better"]), ""
    if not row["smallest_p"] * row["comparisons"] <= ALPHA:
        return Verdict.UNTOLD, tell_seeds(row["n"], row["comparisons"])
    return Verdict.WITHIN_NOISE, ""


def _direction(gain: float) -> Verdict:
    if gain == 0:
        return Verdict.DIFFERENT
    return Verdict.BETTER if gain > 0 else Verdict.WORSE


def count_seeds(n: int) -> str:
    """So many seeds, in words: `3 shared seeds`."""
    return f"{n} shared seed{'s' if n != 1 else ''}"


def tell_seeds(n: int, comparisons: int) -> str:
    """How many seeds there are and how many it would take: `3 seeds; 9 are needed for 12 comparisons`."""
    needed = pairs_needed(comparisons)
    among = f"{comparisons} comparison{'s' if comparisons != 1 else ''}"
    seeds = count_seeds(n)
    return f"{seeds}; at least {needed} are needed for {among}"


__all__ = ["Verdict", "count_seeds", "decide", "tell_seeds"]
