"""Dots per seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench.reporting.comparison import headline_dots
from bench.reporting.statistics import figures
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
