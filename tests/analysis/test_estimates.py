"""Estimators are compared by their errors."""

from __future__ import annotations

import math

import pandas as pd

from bench.analysis.estimates import FAMILY, take_errors
from bench.analysis.pairs import compare_methods
from tests.analysis.declared import COLUMNS
from tests.analysis.test_pairs import runs_of


def test_an_estimators_figure_is_its_error() -> None:
    """The lower estimate is the worse one here."""
    runs = runs_of({"low": [0.1, 0.2], "near": [0.9, 1.3]}, "div_kl", family=FAMILY, div_kl_exact=1.0, div_kl_se=0.1)
    errors = take_errors(runs)
    assert errors["div_kl"].round(9).tolist() == [0.9, 0.8, 0.1, 0.3]
    assert errors[["div_kl_exact", "div_kl_se"]].isna().all(axis=None)
    frame = compare_methods(runs, COLUMNS)
    assert frame["metric"].tolist() == ["div_kl"]
    assert frame[["wins", "losses"]].to_numpy().tolist() == [[0, 2]]
    assert runs["div_kl"].tolist() == [0.1, 0.2, 0.9, 1.3]


def test_other_runs_stay_as_they_are() -> None:
    runs = runs_of({"a": [0.1]}, "div_kl", family="fgan", div_kl_exact=1.0)
    assert take_errors(runs) is runs
    both = pd.concat([runs, runs.assign(family=FAMILY, div_js=2.0)], ignore_index=True)
    assert take_errors(both)["div_kl"].tolist() == [0.1, 0.9]
    assert take_errors(both)["div_js"].tolist()[1] == 2.0
    assert math.isnan(take_errors(both)["div_kl_exact"].iloc[1])
    assert take_errors(pd.DataFrame()).empty
