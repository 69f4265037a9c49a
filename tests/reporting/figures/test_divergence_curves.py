"""Divergences against the level of noise, as figures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from bench.reporting.figures.divergence_curves import plot_divergence_curves
from bench.reporting.figures.panels import Panel, Plot, draw_inline
from bench.reporting.figures.style import DATA, assign_looks
from bench.reporting.tables.cells import Cell, Reference, Row, Table
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting.tables.test_building import table_of

LEVELS = (0.1, 0.5, 2.0)
CEILING = 10.0


def runs(**methods: tuple[float, ...]) -> pd.DataFrame:
    """Two seeds of each method: kl at each level, the second seed a tenth higher; its ceiling is 10."""
    return frame(
        [
            {"method": name, "seed": seed} | _estimates([v * (1 + seed / 10) for v in values])
            for name, values in methods.items()
            for seed in range(2)
        ]
    )


def _estimates(values: list[float]) -> dict[str, float]:
    columns = [f"div_kl@s={s:g}" for s in LEVELS]
    reach = [min(1.0, value / CEILING) for value in values]
    return dict(zip(columns, values, strict=True)) | {f"{c}_reach": r for c, r in zip(columns, reach, strict=True)}


def plot_of(table: Table, plain: float | None = None) -> Plot | None:
    return plot_divergence_curves(table, assign_looks(["vae", "js"]), COLUMNS, plain)


def drawn(panel: Panel) -> Axes:
    axes = Figure().add_subplot()
    panel.draw(axes)
    return axes


def test_a_panel_holds_a_line_per_method_through_all_levels() -> None:
    plot = plot_of(table_of(runs(vae=(9.0, 2.0, 0.5), js=(10.0, 6.0, 1.0))))
    assert plot is not None
    (panel,) = plot.panels
    assert panel.title == "KL(P‖Q)"
    axes = drawn(panel)
    lines = [line for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == len(LEVELS)]
    assert [list(map(float, line.get_xdata())) for line in lines] == [list(LEVELS)] * 2
    np.testing.assert_allclose(lines[0].get_ydata(), np.array([9.0, 2.0, 0.5]) * 1.05)
    assert axes.get_xscale() == "log"
    assert list(plot.legend) == ["vae", "js"]
    assert "vae 9.45 to 0.525" in panel.alt
    assert "<svg" in draw_inline(plot, panel, "a")


def test_the_ceiling_is_drawn_and_bounds_are_hollow() -> None:
    plot = plot_of(table_of(runs(vae=(9.0, 2.0, 0.5), js=(10.0, 6.0, 1.0))))
    assert plot is not None
    axes = drawn(plot.panels[0])
    (dotted,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert float(np.asarray(dotted.get_ydata())[0]) == pytest.approx(CEILING)
    hollow = [line for line in axes.lines if line.get_marker() != "None" and line.get_markerfacecolor() == "none"]
    assert [list(map(float, line.get_xdata())) for line in hollow] == [[], [0.1]]
    assert "Hollow" in plot.caption
    below = plot_of(table_of(runs(vae=(5.0, 2.0, 0.5), js=(6.0, 3.0, 1.0))))
    assert below is not None
    assert "Hollow" not in below.caption


def test_real_data_is_a_grey_line_and_the_level_of_the_tables_is_told() -> None:
    cells = {(f"div_kl@s={s:g}", ""): Cell(0.01, 0.0, 2, 0.01, 0.01) for s in LEVELS}
    floor = {(f"div_kl@s={s:g}", ""): Cell(0.0, None, None) for s in LEVELS}
    rows = [Reference(Row("real data", "reference", ()), cells), Reference(Row("floor", "reference", ()), floor)]
    table = _with_references(runs(vae=(5.0, 2.0, 0.5), js=(6.0, 3.0, 1.0)), rows)
    plot = plot_of(table, plain=0.5)
    assert plot is not None
    assert "Dashed grey: real data." in plot.caption
    assert "Upright" in plot.caption
    grey = [line for line in drawn(plot.panels[0]).lines if same_color(line.get_color(), DATA)]
    assert [list(map(float, line.get_ydata())) for line in grey] == [[0.01] * 3]


def _with_references(frame_of_runs: pd.DataFrame, rows: list[Reference]) -> Table:
    from bench.analysis.statistics import count_outcomes, summarise
    from bench.analysis.variants import identify_runs
    from bench.reporting.tables.building import build

    known = identify_runs(frame_of_runs)
    return build("ring", summarise(frame_of_runs, COLUMNS), count_outcomes(known, {}), (), COLUMNS, rows)


def test_what_a_single_method_has_is_left_out() -> None:
    one = frame([{"method": "vae", "div_js@s=0.1": 1.0, "div_js@s=0.5": 0.5}, {"method": "js", "fid": 1.0}])
    assert plot_of(table_of(one)) is None
    assert plot_of(table_of(one[one["method"] == "vae"])) is not None


def test_without_levels_there_is_no_figure() -> None:
    assert plot_of(table_of(frame([{"div_kl": 1.0, "div_kl@features": 2.0, "fid": 3.0}]))) is None
    assert plot_of(table_of(frame([{"div_kl@s=0.5": 1.0}]))) is None


def test_two_protocols_are_two_panels() -> None:
    old = runs(vae=(5.0, 2.0, 0.5), js=(6.0, 3.0, 1.0)).assign(protocol_divergence_curve="divergence_curve/1")
    new = runs(vae=(4.0, 2.0, 0.5), js=(5.0, 3.0, 1.0)).assign(protocol_divergence_curve="divergence_curve/2")
    both = pd.concat([old, new.assign(run_id=lambda f: f["run_id"] + "n", seed=lambda f: f["seed"] + 2)])
    plot = plot_of(table_of(both.reset_index(drop=True)))
    assert plot is not None
    assert [panel.title for panel in plot.panels] == [f"KL(P‖Q) · divergence_curve/{v}" for v in (1, 2)]


def test_infinite_estimates_are_left_out_of_a_line() -> None:
    plot = plot_of(table_of(runs(vae=(math.inf, 2.0, 0.5), js=(6.0, 3.0, 1.0))))
    assert plot is not None
    lines = [line for line in drawn(plot.panels[0]).lines if line.get_linestyle() == "-"]
    assert [len(line.get_xdata()) for line in lines] == [2, 3]
