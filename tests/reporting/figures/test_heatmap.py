"""The train × test matrix as a heat map."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.reporting.figures.heatmap import compute_luminance, compute_ratios, plot_heatmap
from bench.reporting.figures.panels import Plot, draw_inline
from bench.reporting.tables import matrix
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting.tables.test_building import table_of
from tests.reporting.tables.test_matrix import made, square

INF, NAN = math.inf, math.nan


def drawn(plot: Plot | None) -> Axes:
    assert plot is not None
    axes = Figure(figsize=plot.size, layout="constrained").add_subplot()
    plot.panels[0].draw(axes)
    return axes


def texts(axes: Axes) -> dict[tuple[int, int], str]:
    return {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes.texts}


@pytest.mark.parametrize(
    ("means", "lower", "floor", "expected"),
    [
        ([2.0, 1.0, 4.0], 0.0, 0.0, [2.0, 1.0, 4.0]),
        ([1.0, NAN, INF], 0.0, 0.0, [1.0, NAN, INF]),
        ([-1.0, -1.2], -1.4, 0.0, [2.0, 1.0]),
        ([-0.01, 0.005, 0.3], 0.0, 0.1, [1.0, 1.0, 3.0]),
        ([0.0, 1.0], 0.0, 0.0, [NAN, NAN]),
        ([INF, NAN], 0.0, 0.0, [NAN, NAN]),
    ],
)
def test_ratios(means: list[float], lower: float, floor: float, expected: list[float]) -> None:
    np.testing.assert_allclose(compute_ratios(np.array(means), lower, floor), expected, rtol=1e-12)


@given(st.lists(st.floats(1e-6, 1e6), min_size=1), st.floats(0.1, 10))
def test_ratios_do_not_depend_on_the_unit(values: list[float], unit: float) -> None:
    of = compute_ratios(np.array(values))
    assert of.min() == 1
    # Two roundings in each of two quotients.
    np.testing.assert_allclose(compute_ratios(unit * np.array(values)), of, rtol=1e-14)


def test_cells_tell_the_ratio_to_the_best_and_frames_the_diagonal() -> None:
    runs = square({"kl": {"kl": 0.2, "js": 0.3}, "js": {"kl": 0.5, "js": 0.1}, "vae": {"kl": 0.1, "js": None}})
    axes = drawn(plot_heatmap(made(runs), {}, COLUMNS))
    assert texts(axes) == {(0, 0): "2.00", (0, 1): "3.00", (1, 0): "5.00", (1, 1): "1.00", (2, 0): "1.00"}
    framed = {(round(p.get_y()), round(p.get_x())) for p in axes.patches if isinstance(p, Rectangle)}
    assert framed == {(0, 0), (1, 1)}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["kl", "js", "vae"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["KL(P‖Q)", "JS"]


def test_colours_are_comparable_between_columns() -> None:
    names = {"a": (1.0, 100.0, -1.3), "b": (2.0, 200.0, -1.2), "c": (INF, 1e6, -0.1)}
    runs = square({m: dict(zip(("kl", "pearson", "gan"), v, strict=True)) for m, v in names.items()})
    axes = drawn(plot_heatmap(made(runs), {}, COLUMNS))
    shade = np.asarray(axes.collections[0].get_array()).reshape(3, 3)
    np.testing.assert_allclose(shade[:, 0], shade[:, 2])
    np.testing.assert_allclose(shade[0], 1)
    np.testing.assert_allclose(shade[2], 0)
    assert texts(axes)[2, 0] == "∞"
    lower = -2 * math.log(2)
    assert texts(axes)[1, 1] == f"{(-1.2 - lower) / (-1.3 - lower):.2f}"


def test_what_is_smaller_than_its_standard_error_counts_as_that() -> None:
    runs = square({"kl": {"kl": -0.01, "js": 0.5}, "js": {"kl": 0.03, "js": 0.5}})
    assert texts(drawn(plot_heatmap(made(runs), {"div_kl": 0.02}, COLUMNS)))[1, 0] == "1.50"
    assert texts(drawn(plot_heatmap(made(runs), {}, COLUMNS)))[1, 0] == "—"


def test_texts_are_legible_on_their_cells() -> None:
    runs = square({f"m{i}": {"kl": 1 + 0.1 * i, "js": 1 + 0.05 * i} for i in range(25)})
    axes = drawn(plot_heatmap(made(runs), {}, COLUMNS))
    axes.collections[0].update_scalarmappable()
    cells = np.asarray(axes.collections[0].get_facecolor()).reshape(25, 2, 4)
    for text in axes.texts:
        x, y = text.get_position()
        light, dark = sorted(
            (compute_luminance(text.get_color()), compute_luminance(cells[int(y), int(x)])), reverse=True
        )
        # WCAG 2, 1.4.3: contrast of text.
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize(("colour", "expected"), [("#ffffff", 1.0), ("#000000", 0.0), ("#ff0000", 0.2126)])
def test_luminance(colour: str, expected: float) -> None:
    assert compute_luminance(colour) == pytest.approx(expected)


def test_one_method_or_column_is_no_matrix() -> None:
    assert plot_heatmap(made(square({"kl": {"kl": 1.0, "js": 2.0}})), {}, COLUMNS) is None
    assert plot_heatmap(made(square({"kl": {"kl": 1.0}, "js": {"kl": 2.0}})), {}, COLUMNS) is None
    two = square({"kl": {"kl": 1.0, "js": 2.0}, "js": {"kl": None, "js": None}})
    assert plot_heatmap(made(two), {}, COLUMNS) is None


def test_methods_without_fgans_are_compared_too() -> None:
    plot = plot_heatmap(made(square({"vae": {"kl": 1.0, "js": 2.0}, "vae 2": {"kl": 2.0, "js": 1.0}})), {}, COLUMNS)
    assert plot is not None
    assert "Framed" not in plot.caption
    assert not drawn(plot).patches


def test_exact_values_are_drawn_alike(runs: pd.DataFrame) -> None:
    table = matrix.select_exact(table_of(runs), COLUMNS)
    assert table is not None
    plot = plot_heatmap(table, {}, COLUMNS)
    assert plot is not None
    assert plot.kind == "train-test-exact"
    axes = drawn(plot)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["kl", "reverse_kl", "js", "gan"]
    assert texts(axes)[3, 1] == "∞"


def test_thirty_by_twelve_stays_readable() -> None:
    names = ["kl", "reverse_kl", "pearson", "neyman", "squared_hellinger", "total_variation", "alpha(-0.5)", *"abcde"]
    rows = {f"a method with a long name {i}": dict.fromkeys(names, 1.0 + i) for i in range(30)}
    plot = plot_heatmap(made(square(rows)), {}, COLUMNS)
    axes = drawn(plot)
    figure = axes.figure
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(after.x0 > before.x1 for before, after in pairwise(boxes))
    rows_at = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert all(after.y1 < before.y0 for before, after in pairwise(rows_at))
    cell = axes.transData.transform((1, 0))[0] - axes.transData.transform((0, 0))[0]
    assert max(text.get_window_extent().width for text in axes.texts) < cell


def test_names_are_escaped() -> None:
    runs = frame([
        {"method": m, "divergence": "<b>&$x", "div_<b>&$x": v, "div_kl": v} for m, v in (("<i>&", 1.0), ("$y$", 2.0))
    ])  # fmt: skip
    plot = plot_heatmap(made(runs), {}, COLUMNS)
    assert plot is not None
    text = str(draw_inline(plot, plot.panels[0], "x"))
    assert "<b>" not in text
    assert "<i>" not in text
    assert "&lt;i&gt;&amp;" in text
