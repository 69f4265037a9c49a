"""Figures of a calibration: error against dimension, estimate against exact value, coverage, time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator
from scipy.stats import norm

from bench.column import Columns
from bench.reporting.calibration.frames import COVERED, keep_shared, measure_accuracy
from bench.reporting.calibration.tables import order_divergences
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.style import INK, SOFT, Look, format_axis, shorten_apart, write_tick
from bench.reporting.text import write_significant

NOMINAL = float(norm.cdf(COVERED) - norm.cdf(-COVERED))
"""The coverage of ±2 standard errors if an estimate were unbiased and normal."""
_PERCENT = 100.0
_DECADES = 1.6
"""Width of an axis up to which 1, 2 and 5 of each decade are labelled, and not its 1 alone."""


def plot_errors(values: pd.DataFrame, looks: Mapping[str, Look], columns: Columns) -> Plot | None:
    """Relative RMSE against the dimension, a panel per divergence, a line per estimator; None without errors.

    Args:
        values: as `frames.compare_estimates` gives them, of one number of points.
        looks: how each estimator is drawn.
        columns: the declared columns.
    """
    told = measure_accuracy(
        keep_shared(values, ["divergence", "dimensions"]), ["estimator", "divergence", "dimensions"]
    )
    panels = tuple(
        _make_error_panel(columns.divergence_label(name), told[told["divergence"] == name], looks)
        for name in order_divergences(told, columns)
    )
    caption = (
        "Root mean square of (estimate − exact) / exact, pooled over shapes, sizes, bijections and seeds, on the "
        "samples that all estimators in the panel share. Both axes are logarithmic. 100 % is the error of always "
        "answering 0."
    )
    return _make_plot("error", "Error against dimension", caption, panels, looks, told)


def plot_estimates(values: pd.DataFrame, looks: Mapping[str, Look], columns: Columns) -> Plot | None:
    """Mean estimates against exact values, a panel per divergence, a dot per pair of laws; None without any.

    Args:
        values: as `frames.compare_estimates` gives them, of one number of points.
        looks: how each estimator is drawn.
        columns: the declared columns.
    """
    pair = ["estimator", "divergence", "shape", "dimensions", "size", "bijection"]
    known = values[values["error"].notna() & (values["exact"] > 0)]
    means = known.groupby(pair, sort=False)[["exact", "estimate"]].mean().reset_index()
    panels = tuple(
        _make_scatter_panel(columns.divergence_label(name), means[means["divergence"] == name], looks)
        for name in order_divergences(means, columns)
    )
    caption = (
        "A dot is one pair of laws: the mean of its estimates over the seeds against its exact value, both axes "
        "logarithmic; on the line they agree. A mean that is not positive is drawn at the lower edge."
    )
    return _make_plot("exact", "Estimates against exact values", caption, panels, looks, means)


def plot_coverage(values: pd.DataFrame, looks: Mapping[str, Look], columns: Columns) -> Plot | None:
    """How often ±2 standard errors hold the exact value, with its 95 % interval; None without standard errors.

    Args:
        values: as `frames.compare_estimates` gives them, of one number of points.
        looks: how each estimator is drawn.
        columns: the declared columns.
    """
    told = measure_accuracy(keep_shared(values, ["divergence"]), ["estimator", "divergence"])
    told = told[told["coverage"].notna()]
    if told.empty:
        return None
    names = order_divergences(told, columns)
    labels = [columns.divergence_label(name) for name in names]
    means = _average_each(told, "coverage", looks)
    panel = Panel("Coverage of ±2 standard errors [%]", partial(_draw_coverage, told, names, labels, looks),
                  f"Coverage of ±2 standard errors, mean over the divergences: {means}.", told)  # fmt: skip
    caption = (
        "Share of exact values within ±2 standard errors of the estimate, with its 95 % interval (Wilson). The line is "
        f"at {_PERCENT * NOMINAL:.1f} %, where it would be if estimates were unbiased and normal. Bias lowers it."
    )
    return _make_plot("coverage", "Coverage", caption, (panel,), looks, told, (3.6, 0.7 + 0.3 * len(names)))


def plot_times(known: pd.DataFrame, looks: Mapping[str, Look]) -> Plot | None:
    """Median time of one call against the number of points, with the range over dimensions; None without times.

    Args:
        known: as `frames.calibration_runs` gives them.
        looks: how each estimator is drawn.
    """
    timed = known[(known["status"] == "done") & (known["seconds"] > 0)]
    if timed.empty:
        return None
    medians = timed.groupby(["estimator", "points", "dimensions"], sort=False)["seconds"].median().reset_index()
    means = _average_each(medians, "seconds", looks)
    alt = f"Time of one call in s: {means}."
    panel = Panel("Time of one call [s]", partial(_draw_times, medians, looks), alt, medians)
    caption = (
        "Median time of one call that estimates all divergences of an estimator: the line is the median over the "
        "dimensions, the band their range. Both axes are logarithmic. Time depends on the machine and its other work."
    )
    return _make_plot("time", "Time", caption, (panel,), looks, medians)


def _make_plot(
    kind: str,
    title: str,
    caption: str,
    panels: tuple[Panel, ...],
    looks: Mapping[str, Look],
    told: pd.DataFrame,
    size: tuple[float, float] = (3.4, 2.4),
) -> Plot | None:
    if not panels:
        return None
    used = set(told["estimator"])
    return Plot(kind, title, caption, panels, size, 3, {name: look for name, look in looks.items() if name in used})


def _average_each(told: pd.DataFrame, column: str, looks: Mapping[str, Look]) -> str:
    means = told.groupby("estimator", sort=False)[column].mean()
    return ", ".join(f"{name} {write_significant(float(means[name]), 2)}" for name in looks if name in means)


def _make_error_panel(label: str, told: pd.DataFrame, looks: Mapping[str, Look]) -> Panel:
    title = f"{label} [%]"
    alt = f"Relative RMSE of {label} against dimension; mean over dimensions: "
    described = f"{alt}{_average_each(told, 'relative_rmse', looks)}."
    return Panel(title, partial(_draw_errors, told, looks), described, told)


def _draw_errors(told: pd.DataFrame, looks: Mapping[str, Look], axes: Axes) -> None:
    for name, look in looks.items():
        mine = told[(told["estimator"] == name) & (told["relative_rmse"] > 0)].sort_values("dimensions")
        axes.plot(
            mine["dimensions"], _PERCENT * mine["relative_rmse"].astype(float),
            color=look.colour, marker=look.marker, linestyle=look.line, markersize=4, linewidth=1.4,
        )  # fmt: skip
    _use_log_axis(axes, "y")
    _mark_places(axes, sorted(set(told["dimensions"])))
    axes.set_xlabel("dimensions")


def _use_log_axis(axes: Axes, which: str) -> None:
    """A logarithmic axis that has labels even where it is shorter than a decade; to be called once all is drawn."""
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis: Axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    few = np.log10(high / low) > _DECADES
    axis.set_major_locator(LogLocator(subs=(1.0,) if few else (1.0, 2.0, 5.0), numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: write_tick(value)))
    axis.set_minor_formatter(NullFormatter())


def _mark_places(axes: Axes, places: Sequence[float]) -> None:
    """A logarithmic x axis with ticks where there are figures."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write_tick(value)))


def _make_scatter_panel(label: str, means: pd.DataFrame, looks: Mapping[str, Look]) -> Panel:
    below = means.assign(ratio=means["estimate"] / means["exact"])
    alt = f"Estimates of {label} against exact values; mean ratio: {_average_each(below, 'ratio', looks)}."
    return Panel(label, partial(_draw_scatter, means, looks), alt, means)


def _draw_scatter(means: pd.DataFrame, looks: Mapping[str, Look], axes: Axes) -> None:
    exact, estimate = (means[name].to_numpy(dtype=float) for name in ("exact", "estimate"))
    low, high = exact.min() / 4, 2 * max(exact.max(), estimate.max())
    ends = (exact.min() / 1.5, 1.5 * exact.max())
    axes.plot(ends, ends, color=INK, linewidth=0.8)
    for name, look in looks.items():
        mine = means[means["estimator"] == name]
        axes.plot(
            mine["exact"], mine["estimate"].clip(lower=1.1 * low),
            linestyle="none", marker=look.marker, markersize=3.2, color=look.colour, alpha=0.6, markeredgewidth=0,
        )  # fmt: skip
    axes.set_xlim(*ends)
    axes.set_ylim(low, high)
    _use_log_axis(axes, "x")
    _use_log_axis(axes, "y")
    axes.set_xlabel("exact")
    axes.set_ylabel("estimate")


def _draw_coverage(
    told: pd.DataFrame, names: Sequence[str], labels: Sequence[str], looks: Mapping[str, Look], axes: Axes
) -> None:
    present = [name for name in looks if (told["estimator"] == name).any()]
    offsets = np.linspace(-0.26, 0.26, len(present)) if len(present) > 1 else np.zeros(1)
    axes.axvline(_PERCENT * NOMINAL, color=SOFT, linewidth=1)
    for offset, estimator in zip(offsets, present, strict=True):
        mine, look = told[told["estimator"] == estimator], looks[estimator]
        heights = np.array([names.index(name) for name in mine["divergence"]]) + offset
        low, middle, high = (
            _PERCENT * mine[column].to_numpy(dtype=float) for column in ("coverage_low", "coverage", "coverage_high")
        )
        axes.hlines(heights, low, high, color=look.colour, linewidth=1.2, alpha=0.6)
        axes.plot(middle, heights, linestyle="none", marker=look.marker, markersize=4.5, color=look.colour)
    axes.set_yticks(range(len(names)), shorten_apart(labels, 16))
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.set_xlim(0, 101)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(visible=False, axis="y")
    format_axis(axes, "x")


def _draw_times(medians: pd.DataFrame, looks: Mapping[str, Look], axes: Axes) -> None:
    for name, look in looks.items():
        groups = medians[medians["estimator"] == name].groupby("points")["seconds"]
        told = groups.agg(["min", "median", "max"]).sort_index()
        axes.fill_between(told.index, told["min"], told["max"], color=look.colour, alpha=0.15, linewidth=0)
        axes.plot(
            told.index, told["median"], color=look.colour, marker=look.marker, linestyle=look.line, markersize=4,
        )  # fmt: skip
    _use_log_axis(axes, "y")
    _mark_places(axes, sorted(set(medians["points"])))
    axes.set_xlabel("points on each side")


__all__ = ["NOMINAL", "plot_coverage", "plot_errors", "plot_estimates", "plot_times"]
