"""Sample pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from bench.analysis.variants import identify_runs
from bench.reporting.figures.panels import Plot
from bench.reporting.figures.samples import plot_densities, plot_samples, tile_images
from bench.reporting.figures.style import assign_looks
from tests.analysis.frames import frame
from tests.reporting import synthetic


def _drawn(plot: Plot | None, place: int = 0) -> Axes:
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[place].draw(axes)
    return axes


def _one(samples: np.ndarray, reference: np.ndarray | None) -> Plot | None:
    pictures = pd.DataFrame({"run_id": ["r0"], "samples": [samples], "reference": [reference]})
    return plot_samples("ring", identify_runs(frame([{}])), pictures, assign_looks(["vae"]))


@given(st.integers(1, 80), st.sampled_from([1, 2, 3]), st.integers(1, 5), st.integers(1, 5))
def test_mosaic_holds_the_first_images_in_order(n: int, channels: int, height: int, width: int) -> None:
    images = np.random.default_rng(0).integers(0, 255, (n, channels, height, width), dtype=np.uint8)
    whole = tile_images(images)
    side = min(8, int(np.sqrt(n)))
    assert whole.shape[:2] == (side * (height + 1) - 1, side * (width + 1) - 1)
    for place in range(side * side):
        row, column = divmod(place, side)
        tile = whole[row * (height + 1) :, column * (width + 1) :][:height, :width]
        expected = np.moveaxis(images[place], 0, -1) if channels == 3 else images[place, 0]
        np.testing.assert_array_equal(tile, expected)


def test_images_stand_beside_the_data(runs: pd.DataFrame) -> None:
    plot = plot_samples("digits", identify_runs(runs), synthetic.pictures(runs), assign_looks(list(synthetic.METHODS)))
    assert plot is not None
    assert [panel.title for panel in plot.panels] == ["Data", *synthetic.METHODS]


def test_each_method_shows_its_first_finished_seed() -> None:
    runs = frame([{"seed": 2}, {"seed": 0, "status": "diverged"}, {"seed": 1}])
    pictures = pd.DataFrame(
        [{"run_id": f"r{i}", "samples": np.full((4, 1, 2, 2), i, np.uint8), "reference": None} for i in range(3)]
    )
    axes = _drawn(plot_samples("ring", identify_runs(runs), pictures, assign_looks(["vae"])))
    assert np.asarray(axes.images[0].get_array())[0, 0] == 2


def test_points_share_axes_that_fit_the_data() -> None:
    rng = np.random.default_rng(0)
    reference = rng.uniform(-1, 1, (500, 2)).astype(np.float32)
    samples = np.concatenate([reference[:300], np.full((100, 2), 50, np.float32)])
    plot = _one(samples, reference)
    axes = _drawn(plot)
    assert axes.get_xlim() == pytest.approx((-1.4, 1.4), abs=0.02)
    assert axes.get_xlabel() == "25% lie outside the axes."
    assert plot is not None
    assert "25% lie outside" in plot.panels[0].alt


def test_histograms_are_densities() -> None:
    rng = np.random.default_rng(0)
    reference, samples = rng.normal(size=(1000, 1)), rng.normal(size=(400, 1)) / 4
    axes = _drawn(_one(samples.astype(np.float32), reference.astype(np.float32)))
    for patch in axes.patches:
        data: Any = patch.get_data()  # type: ignore[attr-defined]
        assert np.sum(data.values * np.diff(data.edges)) == pytest.approx(1)


def test_fitted_densities_share_a_panel() -> None:
    """Kernel density estimates have the mass of the samples: 1, for normal ones well within the axes."""
    rng = np.random.default_rng(0)
    runs = identify_runs(frame([{"method": "kl"}, {"method": "vae"}, {"method": "flat"}]))
    looks = assign_looks(["vae", "kl", "flat"])
    samples = [rng.normal(size=(500, 1)), rng.normal(size=(500, 1)), np.zeros((500, 1))]
    reference = rng.normal(size=(1000, 1))
    pictures = pd.DataFrame({"run_id": ["r0", "r1", "r2"], "samples": samples, "reference": [reference] * 3})
    plot = plot_densities("ring", runs, pictures, looks)
    axes = _drawn(plot)
    assert plot is not None
    assert list(plot.legend) == ["vae", "kl", "flat"]
    assert [to_hex(line.get_color()) for line in axes.lines] == [
        looks["vae"].colour,
        looks["kl"].colour,
    ]  # a point has none
    for line in axes.lines:
        assert np.trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(1, abs=0.01)


def test_densities_need_one_dimension_and_two_methods() -> None:
    runs = identify_runs(frame([{"method": "kl"}, {"method": "vae"}]))
    looks = assign_looks(["vae", "kl"])
    plane, line = np.zeros((9, 2)), np.arange(9.0)[:, None]
    for samples in ([plane, plane], [line, None], [None, None]):
        pictures = pd.DataFrame({"run_id": ["r0", "r1"], "samples": samples, "reference": samples})
        assert plot_densities("ring", runs, pictures, looks) is None


@pytest.mark.parametrize("shape", [(50, 5), (50,), (1, 2), (50, 1)])
def test_other_shapes_of_points_are_drawn(shape: tuple[int, ...]) -> None:
    points = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    assert _drawn(_one(points, points)).get_xlim()[0] < _drawn(_one(points, points)).get_xlim()[1]


def test_samples_without_data_are_drawn() -> None:
    assert _drawn(_one(np.zeros((10, 2), np.float32), None)).collections


def test_no_pictures_no_figure(runs: pd.DataFrame) -> None:
    assert plot_samples("ring", identify_runs(runs), pd.DataFrame(), assign_looks(["vae"])) is None
    assert plot_samples("grid", identify_runs(runs), synthetic.pictures(runs), assign_looks(["vae"])) is None
