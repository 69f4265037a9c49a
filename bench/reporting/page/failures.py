"""Runs that did not finish: all of them in a file, as many as one reads on the page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from bench.analysis.statistics import OUTCOME_LABELS
from bench.reporting.text import find_last_line

MOST = 50
"""Runs that the page shows."""
_LONGEST_MESSAGE, _LONGEST_TRACEBACK = 500, 3000
_COLUMNS = ("run_id", "method", "dataset", "seed", "status", "steps", "error")


@dataclass(frozen=True)
class Failure:
    """A run that ended otherwise than done."""

    run_id: str
    method: str
    dataset: str
    seed: str
    status: str
    steps: str
    message: str
    traceback: str

    @property
    def short_message(self) -> str:
        """The message, cut where it is too long for a page."""
        return self.message if len(self.message) <= _LONGEST_MESSAGE else f"{self.message[:_LONGEST_MESSAGE]}…"

    @property
    def short_traceback(self) -> str:
        """The end of the traceback; empty if it says no more than the message."""
        if self.traceback == self.message:
            return ""
        text = self.traceback
        return text if len(text) <= _LONGEST_TRACEBACK else f"…{text[-_LONGEST_TRACEBACK:]}"


def list_failures(runs: pd.DataFrame, methods: Sequence[str], datasets: Sequence[str]) -> list[Failure]:
    """Every run that did not finish, in the order of datasets, methods and seeds.

    Args:
        runs: runs as `identify_runs` gives them.
        methods: the methods, in order.
        datasets: the datasets, in order.
    """
    rows = runs.loc[runs["status"] != "done", [name for name in _COLUMNS if name in runs.columns]]
    ranks = {name: {label: place for place, label in enumerate(own)} for name, own in
             (("dataset", datasets), ("method", methods))}  # fmt: skip
    ordered = sorted(
        rows.to_dict(orient="records"),
        key=lambda row: (ranks["dataset"][row["dataset"]], ranks["method"][row["method"]], row["seed"]),
    )
    return [
        Failure(
            run_id=str(row["run_id"]),
            method=row["method"],
            dataset=row["dataset"],
            seed=str(row["seed"]),
            status=OUTCOME_LABELS.get(row["status"], str(row["status"])),
            steps=_write(row.get("steps")),
            message=find_last_line(_write(row.get("error"))) or "no message",
            traceback=_write(row.get("error")).strip(),
        )
        for row in ordered
    ]


def choose_failures(failures: Sequence[Failure]) -> list[Failure]:
    """Those that the page shows: all if they are few, else as many of each kind, so that none hides the others."""
    seen: Counter[tuple[str, str, str]] = Counter()
    before: list[int] = []
    for failure in failures:
        kind = (failure.dataset, failure.method, failure.status)
        before.append(seen[kind])
        seen[kind] += 1
    chosen = sorted(range(len(failures)), key=before.__getitem__)[:MOST]
    return [failures[place] for place in sorted(chosen)]


def tabulate_failures(failures: Sequence[Failure]) -> pd.DataFrame:
    """A row per failure, with all that is known of it."""
    return pd.DataFrame([asdict(failure) for failure in failures])


def _write(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.0f}" if isinstance(value, float) else str(value)


__all__ = ["MOST", "Failure", "choose_failures", "list_failures", "tabulate_failures"]
