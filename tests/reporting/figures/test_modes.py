"""Histograms over the modes of the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bench.analysis.statistics import collect_figures
from bench.analysis.variants import identify_runs
from bench.column import Columns
from bench.reporting.figures.modes import plot_modes
from bench.reporting.figures.style import assign_looks
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame

LOOKS = assign_looks(["kl", "vae", "idle"])


def figures(rows: list[dict[str, object]]) -> pd.DataFrame:
    return collect_figures(identify_runs(frame(rows)), Columns())


def shares(*values: float) -> dict[str, float]:
    return {f"mode_share_{mode}": value for mode, value in enumerate(values)}


def test_bars_are_means_over_the_seeds_and_the_line_is_real_data() -> None:
    runs = [
        {"method": "vae", "seed": 0, **shares(0.2, 0.8, 0.0)},
        {"method": "vae", "seed": 1, **shares(0.4, 0.6, 0.0)},
        {"method": "kl", "seed": 0, **shares(1.0, 0.0, 0.0)},
        {"method": "vae", "seed": 2, "status": "failed"},
    ]
    real = [{"method": "real data", "seed": seed, **shares(0.3, 0.3, 0.4)} for seed in range(2)]
    plot = plot_modes("ring", figures(runs), figures(real), LOOKS)
    assert plot is not None
    assert [panel.title for panel in plot.panels] == ["kl", "vae"]
    assert plot.panels[1].alt == "vae reaches 2 of 3 modes, with shares from 0 to 0.7."
    axes = Figure().add_subplot()
    plot.panels[1].draw(axes)
    bars = [patch.get_height() for patch in axes.containers[0]]
    assert bars == pytest.approx([0.3, 0.7, 0.0])
    np.testing.assert_allclose(axes.patches[-1].get_data().values, [0.3, 0.3, 0.4])
    assert axes.get_ylim() == pytest.approx((0, 1.05))
    assert plot.data is not None
    assert plot.data[plot.data["panel"] == "vae"]["std"].tolist() == pytest.approx([0.1 * 2**0.5, 0.1 * 2**0.5, 0])


def test_without_real_data_there_is_no_line() -> None:
    plot = plot_modes("ring", figures([{"method": "kl", **shares(0.5, 0.5)}]), figures([{}]), LOOKS)
    assert plot is not None
    assert "real data" not in plot.caption
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert len(axes.patches) == 2


def test_a_share_is_described_by_its_mode() -> None:
    column = COLUMNS.describe("mode_share_3")
    assert (column.label, column.group, column.upper, column.printed) == ("Share of mode 3", "Modes", 1.0, False)
    assert COLUMNS.describe("mode_share_x").group == "Other"


def test_without_histograms_there_is_no_figure() -> None:
    assert plot_modes("ring", figures([{"fid": 1.0}]), figures([{}]), LOOKS) is None
    assert plot_modes("grid", figures([{"method": "kl", **shares(1.0)}]), figures([{}]), LOOKS) is None
