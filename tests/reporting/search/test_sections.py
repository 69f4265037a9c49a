"""The report on a search, from frames alone."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bench.reporting.figures.style import assign_looks
from bench.reporting.search.figure import plot_best_of_k
from bench.reporting.search.frames import Searched, read_search
from bench.reporting.search.sections import build_sections
from bench.reporting.search.table import build_winner_table
from bench.reporting.tables.export import to_latex, to_markdown
from tests.analysis.declared import COLUMNS

METHODS = ("vae", "js", "broken")
BLOCK = {
    "trials": 3,
    "metric": "fid",
    "seed": 7,
    "space": {"training.lr": {"log": [1e-4, 1e-2]}, "training.betas": {"choice": [[0, 0.9], [0.5, 0.999]]}},
    "methods": {"vae": {"epsilon": {"uniform": [0.1, 1.0]}}},
    "sampler": "sobol",
}
FIDS = {"vae": [3.0, 1.0, 2.0], "js": [math.nan, 4.0, 4.0], "broken": [math.nan] * 3}


def runs(dataset: str = "ring") -> pd.DataFrame:
    table = []
    for method, figures in FIDS.items():
        for trial, fid in enumerate(figures):
            model: dict[str, Any] = {"family": "fgan"} | ({"epsilon": 0.25 * (trial + 1)} if method == "vae" else {})
            config = {"training": {"lr": 0.001 * (trial + 1), "betas": [0.5, 0.999]}, "model": model}
            status = "diverged" if math.isnan(fid) else "done"
            row = {"run_id": f"{method}{trial}", "method": method, "dataset": dataset, "seed": trial, "trial": trial}
            table.append(row | {"stage": "search", "status": status, "fid": fid, "config": json.dumps(config)})
    return pd.DataFrame(table)


def searched(**changes: object) -> Searched:
    found = read_search(runs(), {"search": BLOCK | changes}, {}, COLUMNS)
    assert found is not None
    return found


def summary(*rows: tuple[str, float]) -> pd.DataFrame:
    """What winners came to."""
    about = {
        "dataset": "ring", "metric": "fid", "protocol": "fid/2", "std": 0.5, "n": 3, "minimum": 1.0, "maximum": 2.0,
        "reach": math.nan, "at_ceiling": 0, "growing": 0, "unresolved": 0,
    }  # fmt: skip
    columns = ["method", "mean", *about]
    return pd.DataFrame([{"method": method, "mean": mean} | about for method, mean in rows], columns=columns)


def test_without_a_search_or_its_runs_there_is_nothing() -> None:
    assert read_search(runs(), {}, {}, COLUMNS) is None
    assert read_search(pd.DataFrame(), {"search": BLOCK}, {}, COLUMNS) is None


def test_winners_with_their_settings() -> None:
    table = build_winner_table("ring", searched(), METHODS, summary(("vae", 1.25)), COLUMNS)
    assert table is not None
    rows = {row.label: row for row in table.rows}
    assert list(rows) == list(METHODS)
    assert rows["vae"].aside == "trial 1: training.lr 0.002, training.betas [0.5, 0.999], epsilon 0.5"
    assert rows["js"].aside == "trial 1: training.lr 0.002, training.betas [0.5, 0.999]"  # the first of two equals
    assert rows["broken"].aside == "none: no trial has a figure in fid"
    assert [(row.done, row.total, row.outcome_text) for row in table.rows] == [
        (3, 3, ""), (2, 3, "1 diverged"), (0, 3, "3 diverged"),
    ]  # fmt: skip
    validation, test = zip(*(row.cells for row in table.rows), strict=True)
    assert [cell and cell.mean for cell in validation] == [1.0, 4.0, None]
    assert [cell and (cell.mean, cell.n) for cell in test] == [(1.25, 3), None, None]


def test_the_table_says_what_the_search_was() -> None:
    table = build_winner_table("ring", searched(), METHODS, summary(), COLUMNS)
    assert table is not None
    assert len(table.headers) == 1  # no column of test figures while there are none
    assert (
        "3 trials of every method, the same for every method where keys are shared: sobol (seed 7)." in table.notes[0]
    )
    assert "Chosen by FID on the validation split, lower is better." in table.notes[0]
    assert "epsilon 0.5" in to_markdown(table)
    assert "epsilon 0.5" in to_latex(table)


def test_files_beside_the_tables() -> None:
    files = searched().files
    won = files["search-winners"].set_index("method")
    assert won.loc["vae", ["trial", "value", "training.lr", "epsilon"]].tolist() == [1, 1.0, 0.002, 0.5]
    assert won.loc["broken", ["trial", "training.lr"]].isna().all()
    assert len(files["search-trials"]) == len(files["search-best-of-k"]) == 9


def test_another_dataset_has_no_table() -> None:
    assert build_winner_table("grid", searched(), METHODS, summary(), COLUMNS) is None
    assert plot_best_of_k("grid", searched(), assign_looks(METHODS)) is None


def test_the_curve_is_that_of_all_orders() -> None:
    curve = searched().curves.set_index(["method", "k"])
    assert curve.loc[("vae", 1), ["low", "median", "high"]].tolist() == [1.0, 2.0, 3.0]
    assert curve.loc[("vae", 2), ["low", "median", "high"]].tolist() == [1.0, 1.0, 2.0]
    assert curve.loc[("vae", 2), "mean"] == pytest.approx(4 / 3)
    assert curve.loc[("js", 1), ["median", "high"]].tolist() == [4.0, math.inf]


def test_the_figure_leaves_out_what_has_no_figure() -> None:
    plot = plot_best_of_k("ring", searched(), assign_looks(METHODS))
    assert plot is not None
    assert list(plot.legend) == ["vae", "js"]
    assert "vae 1, js 4" in plot.panels[0].alt
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert [line.get_ydata().tolist() for line in axes.lines] == [[2.0, 1.0, 1.0], [4.0, 4.0, 4.0]]  # type: ignore[union-attr]


def test_adaptive_trials_are_shown_in_the_order_that_they_came_in() -> None:
    found = searched(sampler="tpe")
    curve = found.curves[found.curves["method"] == "js"]
    assert curve["median"].tolist() == [math.inf, 4.0, 4.0]
    assert np.isnan(curve["low"]).all()
    plot = plot_best_of_k("ring", found, assign_looks(METHODS))
    assert plot is not None
    assert "in the one order that they came in" in plot.caption
    table = build_winner_table("ring", found, METHODS, summary(), COLUMNS)
    assert table is not None
    assert "3 trials of every method: tpe (seed 7); trials depend on those before them." in table.notes[0]
    plot.panels[0].draw(Figure().add_subplot())


def test_a_section_for_each_dataset() -> None:
    both = pd.concat([runs(), runs("grid")], ignore_index=True)
    found = read_search(both, {"search": BLOCK}, {"sampler": "scrambled Sobol points"}, COLUMNS)
    assert found is not None
    assert found.sampler == "scrambled Sobol points"
    anchors = {"ring": "search-ring", "grid": "search-grid"}
    sections = build_sections(found, anchors, summary(), assign_looks(METHODS), COLUMNS)
    assert [(s.title, s.anchor, len(s.tables), len(s.plots)) for s in sections] == [
        ("Search on ring", "search-ring", 1, 1), ("Search on grid", "search-grid", 1, 1),
    ]  # fmt: skip
