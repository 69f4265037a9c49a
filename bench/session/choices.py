"""What a suite has chosen from its results, kept beside them and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from bench.results import RunStore
from bench.suite import Suite, plain_text


def keep_choices(suite: Suite, rows: pd.DataFrame, store: RunStore) -> list[str]:
    """Write what a suite has chosen into its results; a line for each winner.

    Args:
        suite: the suite.
        rows: the rows that are there.
        store: its results.

    Raises:
        StorageError: if it cannot be written.
    """
    choices = suite.choices(rows)
    if not choices:
        return []
    store.write_choices(plain_text(choices))
    return list(_tell(choices))


def _tell(choices: Mapping[str, Any]) -> Iterator[str]:
    metric, trials = choices["metric"], choices["trials"]
    for winner in choices["winners"]:
        place = f"search: {winner['dataset']} · {winner['method']}"
        if winner["trial"] is None:
            yield f"{place}: no winner, and no runs: none of {trials} trials has a figure in {metric}"
            continue
        settings = ", ".join(f"{key} {value}" for key, value in winner["settings"].items())
        figure = f"{metric} {winner['value']:.6g} on {choices['split']} data"
        yield f"{place}: trial {winner['trial']} of {trials}, {figure}: {settings}"
