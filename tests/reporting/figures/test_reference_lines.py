"""References in figures: lines that leave the methods apart, arrows for the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from bench.reporting.figures.reference_lines import (
    ReferenceLine,
    draw_references,
    find_references,
    make_legend,
    place_references,
)
from bench.reporting.tables.cells import Cell, Header, Row, Table
from tests.analysis.declared import COLUMNS

_NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32)


def _table(*means: float | None) -> Table:
    cells = [None if mean is None else Cell(mean, None, None) for mean in means]
    rows = [Row(f"r{i}", "reference", (cell,)) for i, cell in enumerate(cells)]
    return Table(
        "ring", (Header(COLUMNS.describe("fid"), "fid/1"),), (Row("vae", "method", (Cell(3.0, None, 1),)), *rows)
    )


def test_lines_are_the_finite_means_of_reference_rows() -> None:
    lines = find_references(_table(1.0, None, float("inf"), 2.0), "fid", "fid/1")
    assert [(line.label, line.value) for line in lines] == [("r0", 1.0), ("r3", 2.0)]
    assert find_references(_table(1.0), "fid", "fid/2") == []
    assert find_references(_table(1.0), "kid", "fid/1") == []


def test_real_data_and_floor_look_different() -> None:
    looks = make_legend([ReferenceLine("real data", 1.0), ReferenceLine("floor", 0.0), ReferenceLine("real data", 2.0)])
    assert list(looks) == ["real data", "floor"]
    assert looks["real data"].dashes != looks["floor"].dashes
    assert all(look.dashes and not look.glyph for look in looks.values())


@given(
    values=st.lists(_NUMBERS, min_size=1, max_size=8), positions=st.lists(_NUMBERS, max_size=3), positive=st.booleans()
)
def test_the_methods_keep_a_third_of_the_axis(values: list[float], positions: list[float], positive: bool) -> None:
    """A reference stretches either side by no more than what the methods span."""
    shown = np.exp(np.array(values) / 1e5) if positive else np.array(values)
    where = place_references([ReferenceLine("r", value) for value in positions], shown, logarithmic=positive)
    assert sorted(line.value for line in where.all) == sorted(positions)
    scale = np.log10 if positive else np.asarray
    drawn = np.array([*shown, *(line.value for line in where.inside)])
    span, whole = np.ptp(scale(shown)), np.ptp(scale(drawn))
    assert span == 0 or span >= whole / 3 * (1 - 1e-9)
    assert all(line.value < shown.min() for line in where.left)
    assert all(line.value > shown.max() for line in where.right)


@pytest.mark.parametrize(
    ("value", "side"), [(0.5, "inside"), (-0.9, "inside"), (-1.1, "left"), (1.9, "inside"), (2.1, "right")]
)
def test_how_far_a_line_may_be(value: float, side: str) -> None:
    where = place_references([ReferenceLine("floor", value)], np.array([0.0, 1.0]), logarithmic=False)
    assert [name for name in ("inside", "left", "right") if getattr(where, name)] == [side]
    assert (where.strip > 0) == (side != "inside")


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_logarithmic_axis_has_no_zero(value: float) -> None:
    where = place_references([ReferenceLine("floor", value)], np.array([0.1, 50.0]), logarithmic=True)
    assert [line.value for line in where.left] == [value]


def test_methods_that_all_agree_hide_no_reference() -> None:
    where = place_references([ReferenceLine("floor", 8.0)], np.array([7.0, 7.0]), logarithmic=False)
    assert [line.value for line in where.inside] == [8.0]


def test_lines_and_arrows_are_drawn() -> None:
    axes = Figure().add_subplot()
    axes.plot([0.0, 1.0], [0.0, 1.0])
    axes.set_ylim(1.4, -1.1)
    lines = [ReferenceLine("real data", 1.5), ReferenceLine("floor", -5.0), ReferenceLine("other", 12.0)]
    draw_references(axes, place_references(lines, np.array([0.0, 1.0]), logarithmic=False))
    assert [list(line.get_xdata()) for line in axes.lines[1:]] == [[1.5, 1.5]]
    assert [text.get_text() for text in axes.texts] == ["← floor −5", "other 12 →"]
    low, high = axes.get_xlim()
    assert low > -1
    assert high < 3
