"""Dots per seed and the train × test matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.reporting.comparison import headline_dots, train_test_matrix
from bench.reporting.statistics import counts, figures, summarise
from bench.reporting.style import looks
from bench.reporting.variants import identified

from . import synthetic
from .test_statistics import frame

_METHODS = list(synthetic.METHODS)


def test_every_seed_is_a_dot(runs: pd.DataFrame) -> None:
    plot = headline_dots("ring", figures(identified(runs)), looks(_METHODS))
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
    plot = headline_dots("ring", figures(identified(runs)), looks(_METHODS))
    assert plot is not None
    assert not [panel.title for panel in plot.panels if panel.title.startswith("ELBO")]
    assert headline_dots("ring", figures(identified(frame([{"fid": 1.0}]))), looks(["vae"])) is None


def test_two_extractors_are_two_panels() -> None:
    rows = [{"method": m, "fid": 1.0, "feature_extractor": e, "seed": s} for m in "ab" for s, e in enumerate("xy")]
    plot = headline_dots("ring", figures(identified(frame(rows))), looks(["a", "b"]))
    assert plot is not None
    assert [panel.title for panel in plot.panels] == ["FID ↓ · x", "FID ↓ · y"]


def test_wide_ranges_are_logarithmic() -> None:
    rows = [{"method": m, "fid": v} for m, v in (("a", 0.01), ("b", 50.0))]
    plot = headline_dots("ring", figures(identified(frame(rows))), looks(["a", "b"]))
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert axes.get_xscale() == "log"


def test_matrix_shows_the_means_and_frames_the_training_divergence(runs: pd.DataFrame) -> None:
    frame = identified(runs)
    plot = train_test_matrix("ring", summarise(runs), counts(frame, {}), _METHODS)
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == _METHODS
    columns = ["div_kl", "div_reverse_kl", "div_js", "div_gan", "div_jeffreys", "div_squared_hellinger"]
    done = runs[(runs["dataset"] == "ring") & (runs["status"] == "done")]
    means = done.groupby("method")[columns].mean().loc[_METHODS].to_numpy()
    shown = np.array([float(text.get_text().replace("−", "-")) for text in axes.texts]).reshape(means.shape)
    np.testing.assert_allclose(shown, means, rtol=5.1e-3)
    framed = [(round(p.get_x()), round(p.get_y())) for p in axes.patches if isinstance(p, Rectangle)]
    assert framed == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_matrix_is_darkest_at_the_best_of_each_column() -> None:
    values = {"a": (0.1, -1.3, 2.0), "b": (0.5, -1.2, np.inf), "c": (0.3, -1.25, 1.0)}
    rows = [
        {"method": m, "family": "fgan", "divergence": "kl", "div_kl": k, "div_gan": g, "div_pearson": p}
        for m, (k, g, p) in values.items()
    ]
    runs = frame(rows)
    plot = train_test_matrix("ring", summarise(runs), counts(identified(runs), {}), list("abc"))
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    nearness = np.asarray(axes.collections[0].get_array()).reshape(3, 3)
    assert nearness.argmax(axis=0).tolist() == [0, 0, 2]
    np.testing.assert_allclose(nearness.max(axis=0), 1.0)
    assert nearness[1].tolist() == [0.0, 0.0, 0.0]


def test_matrix_needs_two_fgans() -> None:
    rows = [{"method": "kl", "family": "fgan", "div_kl": 1.0}, {"method": "vae", "family": "vae", "div_kl": 1.0}]
    runs = frame(rows)
    assert train_test_matrix("ring", summarise(runs), counts(identified(runs), {}), ["kl", "vae"]) is None
