"""Which runs' samples are worth a look: pictures are large, and one of each method is shown."""

from __future__ import annotations

import pandas as pd

from bench.analysis.variants import identify_runs


def pictured_runs(runs: pd.DataFrame) -> list[str]:
    """Ids of the first finished seed of each method on each dataset.

    Args:
        runs: a row per run, as `bench.load` gives it.

    Raises:
        BenchError: if a column that identifies a run is missing.
    """
    known = identify_runs(runs)
    done = known[known["status"] == "done"].sort_values("seed", kind="stable")
    return [str(run_id) for run_id in done.drop_duplicates(["dataset", "method"])["run_id"]]


__all__ = ["pictured_runs"]
