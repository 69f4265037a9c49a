"""Dots per seed."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bench.analysis.floors import compute_floors
from bench.analysis.references import attach_references
from bench.analysis.statistics import collect_figures, count_outcomes, summarise
from bench.analysis.variants import identify_runs
from bench.reporting.figures.comparison import plot_headlines
from bench.reporting.figures.panels import Plot
from bench.reporting.figures.style import SOFT, assign_looks
from bench.reporting.tables.building import build
from bench.reporting.tables.cells import Table
from bench.reporting.tables.references import measure_real_data, place_floors
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic

_METHODS = list(synthetic.METHODS)


def _dots(runs: pd.DataFrame, references: pd.DataFrame | None = None) -> Plot | None:
    """The figure of the ring, with its references."""
    known = identify_runs(runs)
    rows = (
        []
        if references is None
        else [
            *measure_real_data("ring", attach_references(references, known), known, COLUMNS),
            *place_floors("ring", compute_floors(known, COLUMNS), COLUMNS),
        ]
    )
    table: Table = build("ring", summarise(runs, COLUMNS), count_outcomes(known, {}), (), COLUMNS, rows)
    return plot_headlines(
        "ring", collect_figures(known, COLUMNS), assign_looks(list(dict.fromkeys(known["method"]))), table, COLUMNS
    )


def test_every_seed_is_a_dot(runs: pd.DataFrame) -> None:
    plot = _dots(runs)
    assert plot is not None
    panel = next(panel for panel in plot.panels if panel.title == "FID ↓")
    axes = Figure().add_subplot()
    panel.draw(axes)
    dots, means = axes.lines[::2], axes.lines[1::2]
    done = runs[(runs["dataset"] == "ring") & (runs["status"] == "done")]
    assert [label.get_text() for label in axes.get_yticklabels()] == _METHODS
    for method, drawn, mean in zip(_METHODS, dots, means, strict=True):
        values = done.loc[done["method"] == method, "fid"]
        assert sorted(drawn.get_xdata()) == sorted(values)
        np.testing.assert_allclose(mean.get_xdata(), values.mean())


def test_metrics_of_one_method_are_not_compared(runs: pd.DataFrame) -> None:
    plot = _dots(runs)
    assert plot is not None
    assert not [panel.title for panel in plot.panels if panel.title.startswith("ELBO")]
    assert _dots(frame([{"fid": 1.0}])) is None


def test_two_extractors_are_two_panels() -> None:
    rows = [{"method": m, "fid": 1.0, "feature_extractor": e, "seed": s} for m in "ab" for s, e in enumerate("xy")]
    plot = _dots(frame(rows))
    assert plot is not None
    assert [panel.title for panel in plot.panels] == ["FID ↓ · x", "FID ↓ · y"]


def test_wide_ranges_are_logarithmic() -> None:
    rows = [{"method": m, "fid": v} for m, v in (("a", 0.01), ("b", 50.0))]
    plot = _dots(frame(rows))
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert axes.get_xscale() == "log"


def test_references_are_lines_with_a_legend_outside_the_panels(runs: pd.DataFrame) -> None:
    plot = _dots(runs, synthetic.references())
    assert plot is not None
    assert list(plot.legend) == ["real data", "floor"]
    panel = next(panel for panel in plot.panels if panel.title.startswith("Coverage"))
    assert re.search(r"For reference: real data 0\.95\d*, floor 0\.969\.$", panel.alt)
    axes = Figure().add_subplot()
    panel.draw(axes)
    drawn = [line for line in axes.lines if len(set(line.get_xdata())) == 1 and line.get_color() == SOFT]
    mean = synthetic.references().query("dataset == 'ring'")["coverage"].mean()
    perfect = compute_floors(identify_runs(runs), COLUMNS)
    floor = perfect.query("dataset == 'ring' and metric == 'coverage'")["value"].item()
    assert [line.get_xdata()[0] for line in drawn] == pytest.approx([mean, floor])
    assert drawn[0].get_linestyle() == drawn[1].get_linestyle() == "--"  # matplotlib's word for any dashes
    assert axes.get_legend() is None


def test_references_far_off_leave_the_axis_as_it_is() -> None:
    runs = frame([{"method": m, "fid": v} for m, v in (("a", 1.0), ("b", 2.0))])
    far = frame([{"method": "real data", "family": "reference", "fid": 1e6}])
    plot, alone = _dots(runs, far), _dots(runs)
    assert plot is not None
    assert alone is not None
    limits = []
    for shown in (plot, alone):
        axes = Figure().add_subplot()
        shown.panels[0].draw(axes)
        limits.append(axes.get_xlim())
    assert limits[0] == limits[1]
    assert "Arrows" in plot.caption
    assert "Arrows" not in alone.caption
    assert not alone.legend


def test_without_references_there_is_no_legend(runs: pd.DataFrame) -> None:
    plot = _dots(runs)
    assert plot is not None
    assert not plot.legend
    assert all("For reference" not in panel.alt for panel in plot.panels)


def test_of_many_seeds_the_spread_is_drawn() -> None:
    rng = np.random.default_rng(0)
    rows = [{"method": m, "seed": s, "fid": v} for m in "ab" for s, v in enumerate(rng.normal(size=500))]
    plot = _dots(frame(rows))
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert sum(len(line.get_xdata()) for line in axes.lines) == 2 * (2 + 2)
    values = np.array([row["fid"] for row in rows if row["method"] == "a"])
    box, line = axes.patches[0].get_bbox(), axes.lines[0].get_xdata()
    np.testing.assert_allclose([line[0], box.x0, box.x1, line[1]], np.quantile(values, [0.05, 0.25, 0.75, 0.95]))
    assert "box" in plot.caption
    assert "dot" not in plot.caption


def test_seeds_at_their_ceiling_are_hollow() -> None:
    reach = {"a": [0.3, 0.4], "b": [0.9, 1.0]}
    rows = [
        {"method": m, "seed": s, "div_kl": 10 * share, "div_kl_reach": share}
        for m, shares in reach.items()
        for s, share in enumerate(shares)
    ]
    plot = _dots(frame(rows))
    assert plot is not None
    assert "Hollow" in plot.caption
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    hollow = [line for line in axes.lines if line.get_marker() != "None" and line.get_markerfacecolor() == "none"]
    assert [list(line.get_xdata()) for line in hollow] == [[10.0]]
    below = _dots(frame([row | {"div_kl_reach": 0.5} for row in rows]))
    assert below is not None
    assert "Hollow" not in below.caption
