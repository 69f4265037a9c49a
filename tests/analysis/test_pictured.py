"""Runs whose pictures are shown."""

from __future__ import annotations

import pandas as pd

from bench.analysis import pictured_runs
from tests.analysis.frames import frame
from tests.reporting import synthetic


def test_one_finished_run_of_each_method_on_each_dataset(runs: pd.DataFrame) -> None:
    chosen = runs.set_index("run_id").loc[pictured_runs(runs)]
    assert not chosen.duplicated(["dataset", "method"]).any()
    assert len(chosen) == len(synthetic.DATASETS) * len(synthetic.METHODS)
    assert set(chosen["seed"]) == {0}
    assert set(chosen["status"]) == {"done"}


def test_the_first_seed_that_finished() -> None:
    rows = [{"seed": 2}, {"seed": 0, "status": "failed"}, {"seed": 1}, {"seed": 0, "method": "kl", "status": "failed"}]
    assert pictured_runs(frame(rows)) == ["r2"]
    assert pictured_runs(pd.DataFrame()) == []
