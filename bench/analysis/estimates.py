"""Runs of estimators, of which no end is better: what counts of them is how far they are from what is known exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.measured import read_numbers
from bench.column import exact_divergence_of

FAMILY = "estimator"
"""Family of runs that hold an estimator against laws whose divergences are known."""


def take_errors(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with |estimate − exact value| in place of each estimate of a run of an estimator.

    Its standard error and reach are of the estimate, and are left out with the exact value; other runs stay as they
    are.

    Args:
        runs: a row per run.
    """
    if "family" not in runs.columns or not (runs["family"] == FAMILY).any():
        return runs
    of_estimators, changed = (runs["family"] == FAMILY).to_numpy(dtype=bool), {}
    for name in runs.columns:
        estimate = f"div_{exact_divergence_of(str(name))}"
        if exact_divergence_of(str(name)) is None or estimate not in runs.columns:
            continue
        value, exact = read_numbers(runs[estimate]), read_numbers(runs[name])
        changed[estimate] = value.where(~of_estimators, (value - exact).abs())
        for of_estimate in (name, f"{estimate}_se", f"{estimate}_reach"):
            if of_estimate in runs.columns:
                changed[of_estimate] = read_numbers(runs[of_estimate]).where(~of_estimators, np.nan)
    return runs.assign(**changed)


__all__ = ["FAMILY", "take_errors"]
