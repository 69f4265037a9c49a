"""Which estimates of a frame of runs have not converged, by what is stored beside them: see `bench.convergence`."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from bench.analysis.measured import read_numbers
from bench.column import divergence_of
from bench.convergence import WITNESSES, is_growing, is_unresolved

_WITNESSES = tuple(f"div_{name}" for name in WITNESSES)


def find_growing(runs: pd.DataFrame, column: str) -> pd.Series[bool]:
    """Where an estimate, or one of its witnesses, is known to have grown by too much.

    Args:
        runs: a row per run.
        column: the estimates, such as `div_kl`.
    """

    def grows(name: str) -> pd.Series[bool]:
        growth, stderr = (read_numbers(runs[f"{name}{suffix}"]) for suffix in ("_growth", "_se"))
        return pd.Series(is_growing(growth.to_numpy(), stderr.to_numpy()), index=runs.index)

    return _find(runs, column, grows)


def find_unresolved(runs: pd.DataFrame, column: str, lower: float = 0.0) -> pd.Series[bool]:
    """Where an estimate, or one of its witnesses, is known to be too small beside its noise to say what it lacks.

    Args:
        runs: a row per run.
        column: the estimates, such as `div_kl`.
        lower: the value of their divergence where nothing differs.
    """

    def is_small(name: str) -> pd.Series[bool]:
        value, stderr = (read_numbers(runs[f"{name}{suffix}"]) for suffix in ("", "_se"))
        excess = value - (lower if name == column else 0.0)
        return pd.Series(is_unresolved(excess.to_numpy(), stderr.to_numpy()), index=runs.index)

    return _find(runs, column, is_small)


def _find(runs: pd.DataFrame, column: str, fails: Callable[[str], pd.Series[bool]]) -> pd.Series[bool]:
    """Where growth is known and an estimate or a witness of it fails."""
    if f"{column}_growth" not in runs.columns or divergence_of(column) is None:
        return pd.Series(False, index=runs.index)
    known = read_numbers(runs[f"{column}_growth"]).notna()
    judged = [name for name in dict.fromkeys((column, *_WITNESSES)) if f"{name}_growth" in runs.columns]
    return known & pd.concat([fails(name) for name in judged], axis="columns").any(axis="columns")
