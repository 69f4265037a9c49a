"""Which estimates of a frame of runs have not converged, by what is stored beside them."""

from __future__ import annotations

import pandas as pd

from bench.analysis.measured import read_numbers
from bench.column import divergence_of
from bench.convergence import GROWTH_WITHIN, WITNESSES


def find_growing(runs: pd.DataFrame, column: str) -> pd.Series[bool]:
    """Where an estimate, or one of its witnesses, is known to have grown by too much: see `bench.convergence`.

    Args:
        runs: a row per run.
        column: the estimates, such as `div_kl`.
    """
    if f"{column}_growth" not in runs.columns or divergence_of(column) is None:
        return pd.Series(False, index=runs.index)
    known = read_numbers(runs[f"{column}_growth"]).notna()
    columns = [column, *(f"div_{name}" for name in WITNESSES)]
    grown = [_is_beyond(runs, name) for name in columns if f"{name}_growth" in runs.columns]
    return known & pd.concat(grown, axis="columns").any(axis="columns")


def _is_beyond(runs: pd.DataFrame, column: str) -> pd.Series[bool]:
    growth, stderr = (read_numbers(runs[f"{column}{suffix}"]) for suffix in ("_growth", "_se"))
    return growth > GROWTH_WITHIN * stderr
