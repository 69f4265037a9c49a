"""Learning curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.variants import identify_runs
from bench.reporting.figures.curves import plot_curves
from bench.reporting.figures.panels import Panel
from bench.reporting.figures.style import assign_looks
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic


def _curve(run_id: str, values: list[float], metric: str = "bound") -> pd.DataFrame:
    return pd.DataFrame(
        {"run_id": run_id, "step": 10 * np.arange(1, len(values) + 1), "metric": metric, "value": values}
    )


def _axes(panel: Panel) -> Axes:
    axes = Figure().add_subplot()
    panel.draw(axes)
    return axes


def test_a_panel_per_curve_and_a_loss_per_family(runs: pd.DataFrame) -> None:
    frame = identify_runs(runs)
    plot = plot_curves("ring", frame, synthetic.curves(runs), assign_looks(list(synthetic.METHODS)), COLUMNS)
    assert plot is not None
    titles = [panel.title for panel in plot.panels]
    assert titles == ["Loss (vae)", "Loss (fgan)", "ELBO", "Variational bound", "Generator loss"]
    assert list(plot.legend) == list(synthetic.METHODS)


def test_line_is_the_mean_and_band_the_range_over_finished_seeds() -> None:
    runs = identify_runs(frame([{}, {}, {"status": "diverged"}]))
    curves = pd.concat([_curve("r0", [1, 2, 3]), _curve("r1", [3, 4, 8]), _curve("r2", [50, 60])])
    plot = plot_curves("ring", runs, curves, assign_looks(["vae"]), COLUMNS)
    assert plot is not None
    axes = _axes(plot.panels[0])
    mean, unfinished, cross = axes.lines
    np.testing.assert_allclose(mean.get_xydata(), [[10, 2], [20, 3], [30, 5.5]])
    np.testing.assert_allclose(unfinished.get_xydata(), [[10, 50], [20, 60]])
    assert cross.get_marker() == "x"
    assert cross.get_xydata().tolist() == [[20, 60]]
    band = axes.collections[0].get_paths()[0].vertices
    np.testing.assert_allclose(sorted({tuple(point) for point in band if point[0] == 30}), [(30, 3), (30, 8)])


def test_the_first_steps_do_not_set_the_axis() -> None:
    values = [-1e6, -1e5, *np.linspace(-100, -90, 98)]
    plot = plot_curves("ring", identify_runs(frame([{}])), _curve("r0", values), assign_looks(["vae"]), COLUMNS)
    assert plot is not None
    low, high = _axes(plot.panels[0]).get_ylim()
    assert -110 < low < -95
    assert -95 < high < -80


@pytest.mark.parametrize(
    ("first", "second", "logarithmic"),
    [(0.01, 5.0, True), (0.1, 5.0, False), (-0.01, 5.0, False), (0.0, 5.0, False)],
    ids=["three decades", "fewer", "negative", "zero"],
)
def test_curves_decades_apart_are_drawn_on_a_logarithmic_axis(first: float, second: float, logarithmic: bool) -> None:
    curves = pd.concat([_curve("r0", [first] * 20), _curve("r1", [second] * 20)])
    plot = plot_curves("ring", identify_runs(frame([{}, {}])), curves, assign_looks(["vae"]), COLUMNS)
    assert plot is not None
    axes = _axes(plot.panels[0])
    assert (axes.get_yscale() == "log") is logarithmic
    low, high = axes.get_ylim()
    assert low < first < second < high
    assert high < 10 * second


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0, 2.0], [float("inf"), 1.0, 2.0], [float("nan"), 1.0]])
def test_odd_curves_are_drawn(values: list[float]) -> None:
    plot = plot_curves("ring", identify_runs(frame([{}])), _curve("r0", values), assign_looks(["vae"]), COLUMNS)
    assert plot is not None
    assert np.isfinite(_axes(plot.panels[0]).get_ylim()).all()


def test_no_curves_no_figure() -> None:
    assert plot_curves("ring", identify_runs(frame([{}])), pd.DataFrame(), assign_looks(["vae"]), COLUMNS) is None
    assert (
        plot_curves("ring", identify_runs(frame([{}])), _curve("other", [1.0]), assign_looks(["vae"]), COLUMNS) is None
    )


def test_categories_are_read_as_texts() -> None:
    runs = identify_runs(frame([{}, {"status": "failed"}]))
    curves = pd.concat([_curve("r0", [1, 2, 3]), _curve("r1", [5, 6]), _curve("of another suite", [7, 8])])
    drawn = [
        plot_curves("ring", runs, given, assign_looks(["vae"]), COLUMNS)
        for given in (curves, curves.astype({"run_id": "category", "metric": "category"}))
    ]
    lines = [[line.get_xydata().tolist() for line in _axes(plot.panels[0]).lines] for plot in drawn if plot]
    assert lines[0] == lines[1]
    assert len(lines[0]) == 3


def test_unfinished_runs_are_lines_of_their_own_and_few() -> None:
    runs = identify_runs(frame([{"status": "failed"} for _ in range(30)]))
    curves = pd.concat([_curve(f"r{i}", [i, i + 1, i + 2]) for i in range(30)])
    plot = plot_curves("ring", runs, curves, assign_looks(["vae"]), COLUMNS)
    assert plot is not None
    lines, crosses = _axes(plot.panels[0]).lines
    drawn = np.split(lines.get_ydata(), np.flatnonzero(np.isnan(lines.get_ydata())))
    assert [part[~np.isnan(part)].tolist() for part in drawn] == [[i, i + 1, i + 2] for i in range(8)]
    assert crosses.get_xydata().tolist() == [[30, i + 2] for i in range(8)]
    assert "at most 8" in plot.caption


def test_steps_that_some_runs_lack_are_left_out_of_the_mean() -> None:
    plot = plot_curves(
        "ring", identify_runs(frame([{}, {}])), pd.concat([_curve("r0", [1, 2, 3]), _curve("r1", [3, 4])]),
        assign_looks(["vae"]), COLUMNS,
    )  # fmt: skip
    assert plot is not None
    (mean,) = _axes(plot.panels[0]).lines
    np.testing.assert_allclose(mean.get_xydata(), [[10, 2], [20, 3]])
