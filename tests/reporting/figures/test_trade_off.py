"""A point per method, with crosses."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from bench.analysis.statistics import collect_figures, summarise_figures
from bench.analysis.variants import identify_runs
from bench.reporting.figures.panels import Plot
from bench.reporting.figures.style import assign_looks
from bench.reporting.figures.trade_off import plot_trade_off
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame


def _plot(runs: pd.DataFrame) -> Plot | None:
    values = collect_figures(identify_runs(runs), COLUMNS)
    looks = assign_looks(list(dict.fromkeys(runs["method"])))
    return plot_trade_off(values, summarise_figures(values), looks, COLUMNS)


def _runs(seeds: int, **more: float) -> pd.DataFrame:
    return frame([
        {"method": m, "seed": s, "fid": 1.0 + i + 0.5 * s, "parzen_log_likelihood": -1.0 - i + s} | more
        for i, m in enumerate("abc") for s in range(seeds)
    ])  # fmt: skip


def _points(plot: Plot) -> list[ErrorbarContainer]:
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("FID ↓", "Parzen ↑ [nats]")
    return [drawn for drawn in axes.containers if isinstance(drawn, ErrorbarContainer)]


def test_points_are_means_and_arms_standard_deviations() -> None:
    plot = _plot(_runs(3))
    assert plot is not None
    points = _points(plot)
    assert [float(p.lines[0].get_xdata()[0]) for p in points] == [1.5, 2.5, 3.5]
    (xs,), (ys,) = (bars.get_segments() for bars in points[0].lines[2])
    np.testing.assert_allclose(xs[:, 0], [1.0, 2.0])  # of 1, 1.5, 2: 0.5
    np.testing.assert_allclose(ys[:, 1], [-1.0, 1.0])  # of −1, 0, 1: 1
    assert "on ring" in plot.panels[0].alt


def test_a_single_seed_has_no_cross() -> None:
    plot = _plot(_runs(1))
    assert plot is not None
    assert [len(p.lines[2]) for p in _points(plot)] == [0, 0, 0]


def test_figures_that_are_not_finite_or_not_there_are_left_out() -> None:
    runs = _runs(1)
    runs.loc[0, "fid"] = np.inf
    plot = _plot(runs)
    assert plot is not None
    assert list(plot.legend) == ["b", "c"]
    runs.loc[1, "fid"] = np.nan
    assert _plot(runs) is None
    assert _plot(frame([{"fid": 1.0}])) is None
