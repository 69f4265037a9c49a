"""What runs take: from earlier ones, else from their own guesses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import pandas as pd

from bench.spec import WorkSpec

Key = tuple[str, str]
Estimates = Mapping[Key, tuple[float, float]]
"""Seconds per step and seconds of evaluation, by dataset and method."""


class Timed(Protocol):
    """Something that knows what it takes."""

    def seconds(self, estimates: Estimates) -> float | None:
        """Expected time, or None if nothing like it has run yet."""


def estimate(rows: Sequence[pd.DataFrame], specs: Sequence[WorkSpec] = ()) -> Estimates:
    """What runs take: as earlier runs on the same dataset did, else as far as `specs` and their methods' pace tell.

    Args:
        rows: recorded runs, and rows of real data.
        specs: the suite's runs.
    """
    known: dict[Key, tuple[float, float]] = {}
    for frame in rows:
        known |= _measured(frame)
    return _expected(specs, known) | known


def total_seconds(plans: Iterable[Timed], estimates: Estimates, slots: int) -> float | None:
    """Expected wall time of all cohorts, or None where some are unknown."""
    times = [plan.seconds(estimates) for plan in plans]
    known = [time for time in times if time is not None]
    return sum(known) / slots if len(known) == len(times) else None


def _measured(frame: pd.DataFrame) -> dict[Key, tuple[float, float]]:
    """Mean seconds of a step of one seed, and of evaluation, of each dataset and method."""
    if frame.empty:
        return {}
    done = frame[(frame["status"] == "done") & frame["eval_seconds"].notna()]
    steps = done["steps"].astype("float64").fillna(1).clip(lower=1) * done["cohort_size"].astype("float64")
    paces = pd.DataFrame({
        "dataset": done["dataset"], "method": done["method"],
        "step": done["train_seconds"].astype("float64").fillna(0.0) / steps, "rest": done["eval_seconds"],
    })  # fmt: skip
    means = paces.groupby(["dataset", "method"], sort=False).mean()
    return {key: (float(row["step"]), float(row["rest"])) for key, row in means.iterrows()}  # type: ignore[misc]


def _expected(specs: Sequence[WorkSpec], known: Estimates) -> dict[Key, tuple[float, float]]:
    """The specs' own guesses, times what the same method's guesses have been off by so far."""
    guesses = {(s.dataset, s.method): s.expected_seconds for s in specs if s.expected_seconds is not None}
    took, expected = defaultdict[str, float](float), defaultdict[str, float](float)
    for (dataset, method), guess in guesses.items():
        if (dataset, method) in known:
            took[method] += known[dataset, method][1]
            expected[method] += guess
    return {key: (0.0, guess * (took[key[1]] or 1.0) / (expected[key[1]] or 1.0)) for key, guess in guesses.items()}
