"""Speed of the report on 10,000 runs: two datasets, five methods, a thousand seeds, 2.8 million points of curves.

`make benchmark` prints each group with the ratio to its fastest row. The rows of one group differ in the number of
seeds only: what is drawn does not depend on it, so that the ratio says what a thousand seeds cost.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.analysis import pictured_runs, settings_columns, variant_labels
from bench.reporting import render, summarise
from tests.analysis.declared import COLUMNS, dictionary
from tests.reporting import large, synthetic


def report(runs: pd.DataFrame, curves: pd.DataFrame, out: Path) -> Path:
    """The whole report, with the pictures that it shows."""
    pictures = synthetic.pictures(runs[runs["run_id"].isin(pictured_runs(runs))])
    references = synthetic.references()
    return render(runs, curves, pictures, synthetic.suite(), out, references=references, columns=dictionary())


@pytest.mark.parametrize("seeds", [3, 1000])
def test_report(benchmark: Any, tmp_path: Path, seeds: int) -> None:
    benchmark.group = "the whole report"
    runs = large.runs(seeds)
    path = benchmark.pedantic(report, (runs, large.curves(runs), tmp_path), rounds=1)
    assert path.stat().st_size < 5e6


@pytest.mark.parametrize("seeds", [3, 1000])
def test_summary(benchmark: Any, seeds: int) -> None:
    benchmark.group = "mean and spread of every figure"
    benchmark.pedantic(summarise, (large.runs(seeds), dictionary()), rounds=3)


@pytest.mark.parametrize("seeds", [3, 1000])
def test_settings(benchmark: Any, seeds: int) -> None:
    benchmark.group = "settings as columns"
    benchmark.pedantic(settings_columns, (large.runs(seeds), COLUMNS), rounds=3)


@pytest.mark.parametrize("seeds", [3, 1000])
def test_variants(benchmark: Any, seeds: int) -> None:
    benchmark.group = "names of variants"
    benchmark.pedantic(variant_labels, (large.runs(seeds),), rounds=3)
