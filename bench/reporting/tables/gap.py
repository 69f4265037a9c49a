"""The gap: the bound that an f-GAN's training ended on, beside the independent estimate and the exact value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from bench.analysis.measured import describe_protocol, read_numbers
from bench.column import Columns

SPREAD = "divergence_spread"
"""Column of the noise on both sides under the estimates."""
T = TypeVar("T", float, "pd.Series[float]")
CLEAR = 2.0
"""Standard errors of the estimate from the lower end within which a ratio says no more than noise."""


@dataclass(frozen=True)
class Gap:
    """The finished runs of one f-GAN.

    Attributes:
        method: its label.
        divergence: what it was trained on.
        seeds: a row per seed: `bound`, `estimate`, `se`, `exact`, `spread`, float, NaN where there is none.
        label: the divergence in print.
        lower: the divergence's value for equal laws.
        protocol: how the estimates were measured, where the method has several such ways.
    """

    method: str
    divergence: str
    seeds: pd.DataFrame
    label: str
    lower: float = 0.0
    protocol: str = ""

    @property
    def name(self) -> str:
        """The divergence in print, with the protocol where it must be told."""
        return " · ".join(part for part in (self.label, self.protocol) if part)

    @property
    def compares(self) -> bool:
        """Whether a bound stands beside an estimate or an exact value."""
        beside = self.seeds[["estimate", "exact"]].notna().any(axis=1)
        return bool((self.seeds["bound"].notna() & beside).any())

    @property
    def reference(self) -> str | None:
        """What the bound can be held against: `exact`, `estimate`, or None."""
        bounded = self.seeds[self.seeds["bound"].notna()]
        if bounded.empty:
            return None
        if bounded["exact"].notna().all():
            return "exact"
        return None if self.is_spread or not bounded["estimate"].notna().all() else "estimate"

    @property
    def is_spread(self) -> bool:
        """Whether the estimates are of a spread divergence, which the bound is not."""
        return bool((self.seeds["spread"] > 0).any())

    def looseness(self) -> pd.Series[float]:
        """By how many per cent of the reference the bound is below it, per seed; empty where that says nothing."""
        nothing = pd.Series(dtype=float)
        if self.reference is None:
            return nothing
        rows = self.seeds[self.seeds["bound"].notna()]
        size = (rows[self.reference] - self.lower).abs()
        if not (np.isfinite(size) & (size > CLEAR * rows["se"].fillna(0.0))).all():
            return nothing
        return compute_looseness(rows["bound"], rows[self.reference], self.lower)


def compute_looseness(bound: T, reference: T, lower: float) -> T:
    """By how many per cent of the reference's distance from the divergence's lower end the bound is below it."""
    return 100 * (reference - bound) / abs(reference - lower)


def find_gaps(dataset: str, runs: pd.DataFrame, counts: pd.DataFrame, columns: Columns) -> list[Gap]:
    """The f-GANs of one dataset, in the order of `counts`; empty if no bound stands beside an estimate or exact value.

    Args:
        dataset: its name in `runs`.
        runs: runs as `identify_runs` gives them.
        counts: as `statistics.counts` gives it.
        columns: the declared columns.
    """
    if "training_bound" not in runs.columns:
        return []
    done = runs[(runs["dataset"] == dataset) & (runs["status"] == "done")]
    about = find_fgans(dataset, counts)
    found = [gap for row in about for gap in _find_gaps_of(row["method"], row["divergence"], done, columns)]
    return found if any(gap.compares for gap in found) else []


def find_fgans(dataset: str, counts: pd.DataFrame) -> list[dict[Any, Any]]:
    """The rows of `counts` that are f-GANs on this dataset, whether or not any of their runs finished."""
    mine = counts[(counts["dataset"] == dataset) & (counts["divergence"] != "")]
    return mine.to_dict(orient="records")


def _find_gaps_of(method: str, divergence: str, done: pd.DataFrame, columns: Columns) -> Iterator[Gap]:
    mine = done[done["method"] == method]
    column = f"div_{divergence}"
    label, lower = columns.divergence_label(divergence), columns.lower_end(divergence)
    names = {
        "bound": "training_bound",
        "estimate": column,
        "se": f"{column}_se",
        "exact": f"{column}_exact",
        "spread": SPREAD,
    }
    nothing = pd.Series(math.nan, index=mine.index)
    values = {key: read_numbers(mine[name]) if name in mine.columns else nothing for key, name in names.items()}
    seeds = pd.DataFrame({"seed": mine["seed"], **values})
    ways = (
        describe_protocol(mine, column, columns)
        if column in mine.columns
        else pd.Series("", index=mine.index, dtype=object)
    )
    for way, rows in seeds.groupby(ways, sort=False):
        latest = rows.drop_duplicates("seed", keep="last").set_index("seed")
        yield Gap(method, divergence, latest, label, lower, str(way) if ways.nunique() > 1 else "")


__all__ = ["CLEAR", "SPREAD", "Gap", "compute_looseness", "find_fgans", "find_gaps"]
