"""What the best of k trials is, as a curve over k: how much each method gains from being tuned more."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.analysis.best_of import BAND
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.style import Look, format_axis
from bench.reporting.search.frames import Searched
from bench.reporting.text import write_significant

BEST = "best-of-k"
TITLE = "Best of k trials"
_WIDE = 30
_OVER_ORDERS = (
    "{metric} of the best of k trials on validation data: the median over all orders in which the trials might have "
    f"come, and the band from {BAND[0]:.0%} to {BAND[-1]:.0%} of them, both exact. Trials without a figure count as "
    "the worst; a line begins where half of the orders have a figure."
)
_IN_ORDER = (
    "{metric} of the best of the first k trials on validation data, in the one order that they came in: each trial "
    "depends on those before it, so that other orders say nothing."
)


def plot_best_of_k(dataset: str, searched: Searched, looks: Mapping[str, Look]) -> Plot | None:
    """A line per method; None where no trial on the dataset has a figure.

    Args:
        dataset: its name.
        searched: the search.
        looks: how each method is drawn.
    """
    mine = searched.curves[searched.curves["dataset"] == dataset]
    curves = {str(method): group for method, group in mine.groupby("method", sort=False) if method in looks}
    shown = {method: curves[method] for method in looks if method in curves and _has_figure(curves[method])}
    if not shown:
        return None
    column = searched.column
    label = f"{column.label} [{column.unit}]" if column.unit else column.label
    last = {method: float(curve["median"].iloc[-1]) for method, curve in shown.items()}
    told = ", ".join(f"{method} {write_significant(value, column.digits)}" for method, value in last.items())
    drawn = {method: (curve, looks[method]) for method, curve in shown.items()}
    alt = f"{label} of the best of k trials against k; of all trials: {told}."
    panel = Panel(column.heading, partial(_draw, drawn), alt, pd.concat(shown.values()))
    caption = (_IN_ORDER if searched.is_adaptive else _OVER_ORDERS).format(metric=column.label)
    return Plot(BEST, TITLE, caption, (panel,), legend={method: looks[method] for method in shown})


def _has_figure(curve: pd.DataFrame) -> bool:
    return bool(np.isfinite(curve["median"].to_numpy(dtype=float)).any())


def _draw(curves: Mapping[str, tuple[pd.DataFrame, Look]], axes: Axes) -> None:
    for curve, look in curves.values():
        k = curve["k"].to_numpy(dtype=float)
        low, median, high = (_hide(curve[name].to_numpy(dtype=float)) for name in ("low", "median", "high"))
        axes.fill_between(k, low, high, color=look.colour, alpha=0.16, linewidth=0)
        axes.plot(k, median, color=look.colour, linestyle=look.line, linewidth=1.5, marker=look.marker, markersize=4,
                  markevery=max(1, len(k) // 8))  # fmt: skip
    axes.set_xlabel("trials k")
    axes.margins(x=0.02)
    format_axis(axes, "x", whole=True)
    format_axis(axes, "y", logarithmic=_is_wide([curve for curve, _ in curves.values()]))


def _hide(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def _is_wide(curves: list[pd.DataFrame]) -> bool:
    """Whether figures span so much that a logarithmic axis is needed."""
    values = np.concatenate([curve[["low", "median", "high"]].to_numpy(dtype=float).ravel() for curve in curves])
    finite = values[np.isfinite(values)]
    return bool(len(finite) and finite.min() > 0 and finite.max() > _WIDE * finite.min())
