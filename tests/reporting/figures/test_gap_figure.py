"""The gap as a picture."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bench.analysis.statistics import count_outcomes
from bench.analysis.variants import identify_runs
from bench.reporting.figures.gap_figure import plot_gap
from bench.reporting.figures.panels import Plot
from bench.reporting.figures.style import SOFT
from bench.reporting.tables.gap import find_gaps
from tests.analysis.declared import COLUMNS
from tests.reporting.tables.test_gap_table import fgan


def made(runs: pd.DataFrame, dataset: str = "ring") -> Plot | None:
    known = identify_runs(runs)
    return plot_gap(find_gaps(dataset, known, count_outcomes(known, {}), COLUMNS), COLUMNS)


def test_a_panel_per_divergence_with_a_row_per_method() -> None:
    rows = [
        {"method": m, "divergence": d, "training_bound": 0.4, f"div_{d}": 0.5, "seed": s}
        for m, d in (("a", "kl"), ("b", "pearson"), ("c", "kl"))
        for s in range(2)
    ]
    plot = made(fgan(*rows))
    assert plot is not None
    assert [panel.title for panel in plot.panels] == ["KL(P‖Q) [nats]", "Pearson χ²"]
    assert list(plot.legend) == ["training bound", "estimate"]
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "c"]


def test_means_bars_and_paired_seeds(runs: pd.DataFrame) -> None:
    plot = made(runs)
    assert plot is not None
    panel = next(panel for panel in plot.panels if panel.title.startswith("KL(P‖Q)"))
    axes = Figure().add_subplot()
    panel.draw(axes)
    done = runs[(runs["dataset"] == "ring") & (runs["method"] == "kl")]
    columns = ["training_bound", "div_kl", "div_kl_exact"]
    pairs = [line.get_xdata() for line in axes.lines if len(np.atleast_1d(line.get_xdata())) == 3]
    np.testing.assert_allclose(pairs, done[columns].to_numpy())
    assert [bar.lines[0].get_xdata()[0] for bar in axes.containers] == pytest.approx(done[columns].mean().tolist())
    bars = [bar.lines[2][0].get_segments()[0][:, 0] for bar in axes.containers]
    assert [(b[1] - b[0]) / 2 for b in bars] == pytest.approx(done[columns].std().tolist())


def test_what_is_not_finite_is_not_drawn_and_one_seed_has_no_bar() -> None:
    plot = made(fgan({"training_bound": 0.4, "div_kl": 0.5, "div_kl_exact": math.inf}))
    assert plot is not None
    assert list(plot.legend) == ["training bound", "estimate"]
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert len(axes.containers) == 2
    assert not any(bar.has_xerr for bar in axes.containers)


def test_spread_estimates_are_not_drawn(runs: pd.DataFrame) -> None:
    assert made(runs, "digits") is None


def test_alternative_text_tells_the_means() -> None:
    plot = made(fgan({"training_bound": 0.4, "div_kl": 0.5}))
    assert plot is not None
    assert plot.panels[0].alt.endswith("m: training bound 0.400, estimate 0.500.")


def test_of_many_seeds_none_is_drawn_alone() -> None:
    plot = made(fgan(*({"training_bound": 0.4, "div_kl": 0.5 + s / 1000, "seed": s} for s in range(200))))
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert not [line for line in axes.lines if len(np.atleast_1d(line.get_xdata())) > 1 and line.get_color() == SOFT]
    assert len(axes.containers) == 2
    assert "thin line" not in plot.caption
