"""A rung: every trial is trained for a share of the steps, and the best of each method are then trained in full.

The runs of a rung are runs of their own, with fewer steps, so that they are found again whatever becomes of the search.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from bench.analysis import rank_trials
from bench.column import Better
from bench.spec import RunSpec
from bench.statuses import RUNG_STAGE
from bench.suite.search.schema import Rung


def shorten(spec: RunSpec, rung: Rung) -> RunSpec:
    """The run that a trial is judged by at the rung."""
    training = spec.training.model_copy(update={"steps": rung.shorten(spec.training.steps)})
    return spec.model_copy(update={"training": training, "stage": RUNG_STAGE})


def choose_promoted(specs: Sequence[RunSpec], judged: pd.DataFrame, better: Better, rung: Rung) -> list[RunSpec]:
    """The trials of one method on one dataset that are trained in full, in the order of their numbers.

    Args:
        specs: all of them.
        judged: how they did at the rung, as `collect_trials` gives it; those without a figure rank last, so that they
            go on only where too few others are left.
        better: which end of the metric is better.
        rung: the rung.
    """
    best = set(rank_trials(judged, better)["trial"].iloc[: rung.count_kept(len(specs))])
    return [spec for spec in specs if spec.trial in best]


def list_lacking(batch: Iterable[RunSpec], rows: pd.DataFrame) -> list[str]:
    """Ids of the runs that have no result yet."""
    found = set() if rows.empty else set(rows["run_id"])
    return [spec.run_id for spec in batch if spec.run_id not in found]
