"""What runs cost and how many finished: time, speed, memory, and energy where a column has it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.measured import read_numbers
from bench.analysis.statistics import SUMMARY, summarise_figures
from bench.column import Columns
from bench.statuses import Status

COST = "Cost"
"""Group of the columns of costs."""
EVALUATION = "eval_seconds"
_RUN = ["dataset", "method", "seed"]


def summarise_costs(runs: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Mean and spread of every cost over the finished seeds, as `summarise` gives those of figures.

    Args:
        runs: runs as `identify_runs` gives them.
        columns: the declared columns.
    """
    done = runs[runs["status"] == Status.DONE].drop_duplicates(_RUN, keep="last")
    names = [name for name in done.columns if name == EVALUATION or columns.describe(name).group == COST]
    names = [name for name in names if read_numbers(done[name]).notna().any()]
    nothing = {"reach": np.nan, "growing": False, "unresolved": False}
    parts = [done[_RUN].assign(metric=name, protocol="", value=read_numbers(done[name]), **nothing) for name in names]
    if not parts:
        return pd.DataFrame(columns=SUMMARY)
    return summarise_figures(pd.concat(parts, ignore_index=True).dropna(subset="value"))


def list_costs(costs: pd.DataFrame, columns: Columns) -> list[str]:
    """Their columns in the order of printing, evaluation after training."""
    ranks = {name: (columns.describe(name).order, name) for name in costs["metric"].unique()}
    if EVALUATION in ranks:
        ranks[EVALUATION] = (0.5, EVALUATION)
    return sorted(ranks, key=ranks.__getitem__)


__all__ = ["COST", "EVALUATION", "list_costs", "summarise_costs"]
