"""Learning curves: a panel per curve, a line per method, a band over its seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.column import Columns
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.style import Look, format_axis
from bench.reporting.text import write_count

_TRANSIENT = 0.1
_MARK_EVERY = 0.3
_OUTLYING = 0.01
_DECADES = 2.0
_MOST_UNFINISHED = 8
_BAND = ("step", "minimum", "mean", "maximum")
_CAPTION = (
    "Mean over the finished seeds at each step; the band spans their minimum and maximum. A thin line that ends in a "
    f"cross is a run that did not finish (at most {_MOST_UNFINISHED} of each method are drawn). Axes leave out the "
    "first steps where they would hide the rest, and are logarithmic for positive values that span over two decades."
)


@dataclass(frozen=True)
class _Points:
    """Points of curves.

    Attributes:
        run: place of each point's run among the runs, shape (n,).
        step: its step, shape (n,).
        value: its value, shape (n,).
    """

    run: np.ndarray
    step: np.ndarray
    value: np.ndarray

    def select(self, wanted: np.ndarray) -> _Points:
        """Those where `wanted`, shape (n,), holds."""
        return _Points(self.run[wanted], self.step[wanted], self.value[wanted])

    def sort(self) -> _Points:
        """Run by run, in the order of their steps."""
        order = np.lexsort((self.step, self.run))
        return _Points(self.run[order], self.step[order], self.value[order])


@dataclass(frozen=True)
class _MethodCurve:
    """One curve of one method.

    Attributes:
        look: how it is drawn.
        band: step, minimum, mean and maximum over the finished runs where all of them have a point, shape (4, steps).
        unfinished: the curves of other runs, one after the other.
        last: the last value of any run.
    """

    look: Look
    band: np.ndarray
    unfinished: _Points
    last: float


def plot_curves(
    dataset: str, runs: pd.DataFrame, curves: pd.DataFrame, looks: Mapping[str, Look], columns: Columns
) -> Plot | None:
    """Learning curves of one dataset, or None if it has none.

    Args:
        dataset: its name in `runs`.
        runs: runs as `identify_runs` gives them.
        curves: `run_id, step, metric, value`; texts may be categories.
        looks: how each method is drawn.
        columns: the declared columns; that of the last value says what a curve is called.
    """
    if curves.empty or runs.empty:
        return None
    mine = runs.loc[runs["dataset"] == dataset, ["run_id", "method", "family", "status"]].drop_duplicates("run_id")
    by_metric = _split(curves, mine["run_id"])
    if not by_metric:
        return None
    names = sorted(by_metric, key=lambda name: columns.sort_key(f"training_{name}"))
    panels = [panel for name in names for panel in _make_panels(name, by_metric[name], mine, looks, columns)]
    drawn = {method for points in by_metric.values() for method in mine["method"].iloc[np.unique(points.run)]}
    legend = {method: look for method, look in looks.items() if method in drawn}
    return Plot("curves", "Learning curves", _CAPTION, tuple(panels), legend=legend)


def _split(curves: pd.DataFrame, run_ids: pd.Series[str]) -> dict[str, _Points]:
    """The points of some runs by curve; without those that are no number."""
    codes, known = _encode(curves["run_id"])
    places = pd.Index(run_ids).get_indexer(pd.Index(known))
    values = curves["value"].to_numpy(dtype=float, na_value=np.nan)
    run = places[codes]
    wanted = np.flatnonzero((run >= 0) & ~np.isnan(values))
    points = _Points(run[wanted], curves["step"].to_numpy()[wanted], values[wanted])
    metrics, names = _encode(curves["metric"])
    metrics = metrics[wanted]
    return {str(names[code]): points.select(metrics == code) for code in np.unique(metrics)}


def _encode(texts: pd.Series[Any]) -> tuple[np.ndarray, pd.Index[Any]]:
    """Each text's place among the distinct ones, and these."""
    categories = texts.astype("category").cat
    return categories.codes.to_numpy(), categories.categories


def _make_panels(
    metric: str, points: _Points, runs: pd.DataFrame, looks: Mapping[str, Look], columns: Columns
) -> Iterator[Panel]:
    """One panel, or one per family for a loss, which means something else in each."""
    title = columns.describe(f"training_{metric}").curve or metric.replace("_", " ")
    codes, names = pd.factorize(runs["family"])
    family = codes[points.run]
    present = pd.unique(family)
    if not metric.endswith("loss") or len(present) < 2:
        yield _make_panel(title, points, runs, looks)
        return
    for code in present:
        yield _make_panel(f"{title} ({names[code]})", points.select(family == code), runs, looks)


def _make_panel(title: str, points: _Points, runs: pd.DataFrame, looks: Mapping[str, Look]) -> Panel:
    codes, done = pd.Index(looks).get_indexer(pd.Index(runs["method"])), (runs["status"] == "done").to_numpy()
    method = codes[points.run]
    own = {name: points.select(method == code) for code, name in enumerate(looks)}
    curves = {name: _summarise(some, done[some.run], looks[name]) for name, some in own.items() if len(some.run)}
    final = [f"{name} {curve.last:.4g}" for name, curve in curves.items()]
    alt = f"{title} against training step for {write_count(len(final), 'method')}; last values: {', '.join(final)}."
    bands = {name: pd.DataFrame(curve.band.T, columns=list(_BAND)) for name, curve in curves.items()}
    data = pd.concat(bands, names=["method"]).reset_index(level="method")
    return Panel(title, partial(_draw, tuple(curves.values()), _choose_scale(points)), alt, data)


def _summarise(points: _Points, done: np.ndarray, look: Look) -> _MethodCurve:
    """The curve of one method; `done`, shape (n,), is whether a point is of a finished run."""
    unfinished = points.select(~done)
    some = unfinished.select(np.isin(unfinished.run, pd.unique(unfinished.run)[:_MOST_UNFINISHED]))
    return _MethodCurve(look, _average(points.select(done)), some.sort(), float(points.value[-1]))


def _average(points: _Points) -> np.ndarray:
    """Step, minimum, mean and maximum over the runs at the steps that all of them have, shape (4, steps)."""
    runs, run = np.unique(points.run, return_inverse=True)
    steps, step, counts = np.unique(points.step, return_inverse=True, return_counts=True)
    often = counts >= max(len(runs), 1)  # keeps the table below no larger than the points
    kept, place = often[step], np.cumsum(often) - 1
    cells, shape = place[step[kept]] * len(runs) + run[kept], (int(often.sum()), len(runs))
    size = shape[0] * shape[1]
    number = np.bincount(cells, minlength=size).reshape(shape)
    full = (number > 0).all(axis=1)
    sums = np.bincount(cells, points.value[kept], minlength=size).reshape(shape)
    if not full.any():
        return np.empty((4, 0))
    table = sums[full] / number[full]
    return np.stack([steps[often][full].astype(float), table.min(1), table.mean(1), table.max(1)])


@dataclass(frozen=True)
class _Scale:
    """The y axis.

    Attributes:
        limits: its ends; None to leave them to matplotlib.
        logarithmic: whether it is.
    """

    limits: tuple[float, float] | None = None
    logarithmic: bool = False


def _choose_scale(points: _Points) -> _Scale:
    """An axis whose ends the first steps and single outliers do not set."""
    finite = points.select(np.isfinite(points.value))
    late = finite.value[finite.step >= _TRANSIENT * finite.step.max()] if len(finite.step) else finite.value
    if len(late) < 2:
        return _Scale()
    low, high = np.quantile(late, [_OUTLYING, 1 - _OUTLYING])
    if finite.value.min() > 0 and np.log10(high / low) > _DECADES:
        limits = _widen(np.log10(low), np.log10(high), np.log10(finite.value))
        return _Scale(limits and (10 ** limits[0], 10 ** limits[1]), logarithmic=True)
    return _Scale(_widen(low, high, finite.value))


def _widen(low: float, high: float, values: np.ndarray) -> tuple[float, float] | None:
    """Limits a little beyond `low` and `high`, but not beyond all values; None where both are the same."""
    margin = 0.08 * (high - low)
    if margin == 0:
        return None
    lowest, highest = values.min() - margin, values.max() + margin
    return float(max(low - margin, lowest)), float(min(high + margin, highest))


def _draw(curves: tuple[_MethodCurve, ...], scale: _Scale, axes: Axes) -> None:
    for curve in curves:
        _draw_method(axes, curve)
    axes.margins(x=0.02)
    axes.set_xlabel("step")
    format_axis(axes, "x")
    format_axis(axes, "y", logarithmic=scale.logarithmic)
    if scale.limits:
        axes.set_ylim(*scale.limits)


def _draw_method(axes: Axes, curve: _MethodCurve) -> None:
    steps, low, mean, high = curve.band
    look = curve.look
    if len(steps):
        axes.fill_between(steps, low, high, color=look.colour, alpha=0.16, linewidth=0)
        axes.plot(
            steps, mean, color=look.colour, linestyle=look.line, linewidth=1.5,
            marker=look.marker, markersize=4, markevery=_MARK_EVERY if len(steps) > 1 else None,
        )  # fmt: skip
    other = curve.unfinished
    if len(other.run):
        last = np.flatnonzero(np.diff(other.run, append=-1))
        points = np.stack([other.step.astype(float), other.value])
        apart = np.insert(points, last[:-1] + 1, np.nan, axis=1)  # one line, with a gap after each run
        axes.plot(*apart, color=look.colour, linestyle=look.line, linewidth=0.7)
        axes.plot(*points[:, last], color=look.colour, linestyle="none", marker="x", markersize=5)


__all__ = ["plot_curves"]
