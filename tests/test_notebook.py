"""Runs in a notebook: headline columns are shown, nothing is lost, and what is made from them is plain."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pandas as pd

import bench
from bench.notebook import Runs

_REFERENCE = Path(__file__).parents[1] / "results" / "reference" / "quickstart"


def test_headline_columns_are_shown_and_the_rest_counted() -> None:
    runs = bench.load(_REFERENCE)
    shown = runs._repr_html_()
    heads = re.findall(r"<th>(\w+)</th>", shown)
    assert heads[:4] == ["dataset", "variant", "seed", "status"]
    assert {"fid", "div_kl"} <= set(heads)
    assert "run_id" not in heads
    assert f"30 runs (30 done); {len(runs.columns) - len(heads)} more columns" in shown


def test_names_are_shown_and_not_interpreted() -> None:
    shown = Runs({"dataset": ["<b>"], "status": ["<i>"]})._repr_html_()
    assert "<b>" not in shown
    assert "<i>" not in shown


def test_it_is_a_frame_as_any_other() -> None:
    runs = bench.load(_REFERENCE)
    assert isinstance(runs, pd.DataFrame)
    for made in (runs[runs["seed"] == 0], runs.copy(), runs[["fid"]], pd.concat([runs, runs]), runs.sort_values("fid")):
        assert type(made) is pd.DataFrame
    again = pickle.loads(pickle.dumps(runs))
    pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(runs))
    assert again._repr_html_() == runs._repr_html_()


def test_curves_are_plain() -> None:
    assert type(bench.load(_REFERENCE, curves=True)) is pd.DataFrame
