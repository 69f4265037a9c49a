"""What the report shows of a search, from its rows and the resolved suite alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.analysis.best_of import best_of_k, best_so_far
from bench.analysis.selection import collect_trials, select_winners
from bench.analysis.settings import settings_columns
from bench.column import Column, Columns

IN_ADVANCE = "sobol"
"""The sampler whose trials do not depend on each other, so that they might have come in any order."""
FILES = ("search-trials", "search-winners", "search-best-of-k")
"""Names of the frames that are kept beside the tables."""
CURVES = ["dataset", "method", "k", "low", "median", "high", "mean"]


@dataclass(frozen=True)
class Searched:
    """A search and what it gave.

    Attributes:
        column: what is chosen by.
        better: its better end.
        block: the `search:` block of the resolved suite.
        sampler: what the sampler is called, with versions.
        trials: `dataset, method, trial, status, value`, and a column per setting that was searched.
        winners: as `select_winners` gives them.
        curves: `dataset, method, k, low, median, high, mean`: the best of k trials. Where trials depend on those before
            them, it is the best of the first k; `low`, `high` and `mean` are null. Empty where a rung stopped trials:
            which ones would have gone on among k of them, only runs that were not made could say.
    """

    column: Column
    better: Any
    block: Mapping[str, Any]
    sampler: str
    trials: pd.DataFrame
    winners: pd.DataFrame
    curves: pd.DataFrame

    @property
    def is_adaptive(self) -> bool:
        """Whether trials depend on what those before them gave."""
        return bool(self.block.get("sampler", IN_ADVANCE) != IN_ADVANCE)

    @property
    def rung(self) -> Mapping[str, Any] | None:
        """Where trials stopped of which the best went on; None where all were trained in full."""
        return self.block.get("rung")

    @property
    def files(self) -> dict[str, pd.DataFrame]:
        """What is kept of it beside the tables, by the files' names."""
        settings = self.trials.drop(columns=["status", "value"])
        won = self.winners.merge(settings, on=["dataset", "method", "trial"], how="left")
        return dict(zip(FILES, (self.trials, won, self.curves), strict=True))

    def settings_of(self, dataset: str, method: str, trial: int) -> dict[str, Any]:
        """What was drawn for a trial of a method, by dotted key."""
        mine = self.trials
        row = mine[(mine["dataset"] == dataset) & (mine["method"] == method) & (mine["trial"] == trial)].iloc[0]
        own = (self.block.get("methods") or {}).get(method) or {}
        keys = dict.fromkeys([*(self.block.get("space") or {}), *own])
        return {key: row[key] for key in keys if key in row.index and not pd.isna(row[key])}


def read_search(
    runs: pd.DataFrame, suite: Mapping[str, Any], choices: Mapping[str, Any], columns: Columns
) -> Searched | None:
    """What a suite's search gave; None where there is none, or no run of it yet.

    Args:
        runs: its runs, a row each.
        suite: the resolved suite.
        choices: what was chosen, as the store keeps it; empty while the search goes on.
        columns: the declared columns.
    """
    block = suite.get("search")
    if not isinstance(block, Mapping) or runs.empty:
        return None
    column = columns.describe(str(block["metric"]))
    better = choices.get("better") or column.better
    if better is None:
        return None
    trials = collect_trials(runs, column.name)
    return Searched(
        column=column,
        better=better,
        block=block,
        sampler=str(choices.get("sampler") or block.get("sampler", IN_ADVANCE)),
        trials=_attach_settings(trials, runs, block, columns),
        winners=select_winners(trials, better),
        curves=_compute_curves(trials, better, block),
    )


def _attach_settings(
    trials: pd.DataFrame, runs: pd.DataFrame, block: Mapping[str, Any], columns: Columns
) -> pd.DataFrame:
    keys = {*(block.get("space") or {}), *(key for own in (block.get("methods") or {}).values() for key in own)}
    found = settings_columns(runs, columns)
    drawn = found[[name for name in found.columns if name in keys]]
    place = ["dataset", "method", "trial"]
    return trials.merge(pd.concat([runs[place], drawn], axis="columns").drop_duplicates(place, keep="last"), on=place)


def _compute_curves(trials: pd.DataFrame, better: Any, block: Mapping[str, Any]) -> pd.DataFrame:  # noqa: ANN401
    if block.get("rung") is not None:
        return pd.DataFrame(columns=CURVES)
    is_adaptive = block.get("sampler", IN_ADVANCE) != IN_ADVANCE
    parts = []
    for names, group in trials.groupby(["dataset", "method"], sort=False):
        dataset, method = map(str, names)
        values = group["value"].to_numpy(dtype=float)
        if is_adaptive:
            found = best_so_far(values, better).rename(columns={"best": "median"})
        else:
            found = best_of_k(values, better)
        parts.append(found.assign(dataset=dataset, method=method))
    return pd.concat(parts, ignore_index=True).reindex(columns=CURVES)
