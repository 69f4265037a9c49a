"""Some rows of results, and rows of several results."""

from __future__ import annotations

from pathlib import Path

import pytest

import bench
from bench.analysis.filters import keep_rows
from bench.errors import BenchError
from tests.analysis.frames import frame

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
ROWS = frame([{"method": m, "dataset": d} for m in ("kl", "js") for d in ("ring", "grid", "digits")])


def test_rows_meet_every_condition() -> None:
    kept = keep_rows(ROWS, {"method": "kl", "dataset": ["ring", "grid"], "status": None})
    assert list(zip(kept["method"], kept["dataset"], strict=True)) == [("kl", "ring"), ("kl", "grid")]
    assert list(kept.index) == [0, 1]


def test_nothing_asked_keeps_all() -> None:
    assert len(keep_rows(ROWS, {"method": None})) == len(ROWS)


def test_names_that_are_not_there_are_told() -> None:
    with pytest.raises(BenchError, match=r"unknown dataset of these results 'rings'.*ring"):
        keep_rows(ROWS, {"dataset": "rings"})


def test_load_takes_conditions() -> None:
    rows = bench.load(REFERENCE / "quickstart", dataset="ring", method=["kl", "js"], status="done")
    assert rows.groupby(["dataset", "method"]).size().to_dict() == {("ring", "js"): 3, ("ring", "kl"): 3}
    curves = bench.load(REFERENCE / "quickstart", dataset="ring", method="kl", curves=True)
    assert set(curves["run_id"]) == set(rows.loc[rows["method"] == "kl", "run_id"])
    with_settings = bench.load(REFERENCE / "quickstart", dataset="ring", settings=True)
    assert with_settings["training.lr"].notna().all()


def test_load_takes_several_results() -> None:
    paths = [REFERENCE / "quickstart", REFERENCE / "mnist"]
    both = bench.load(paths)
    assert both.groupby("results").size().to_dict() == {str(path): len(bench.load(path)) for path in paths}
    assert set(bench.load(paths, dataset="mnist")["results"]) == {str(paths[1])}
    with pytest.raises(BenchError, match="found no results to read"):
        bench.load([])
