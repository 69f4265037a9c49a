"""Methods against each other: their seeds on the headline metrics, with what real and perfect data score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from bench.column import Column, Columns
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.reference_lines import (
    Placement,
    ReferenceLine,
    draw_references,
    find_references,
    make_legend,
    place_references,
)
from bench.reporting.figures.style import INK, MOST_DOTS, Look, format_axis, shorten_apart
from bench.reporting.tables.cells import Table
from bench.reporting.text import write_significant

_MOST_PANELS = 9
_DECADES = 2.0
_QUANTILES = (0.05, 0.25, 0.75, 0.95)
_DOTS = "A dot is one seed, the stroke the mean over the seeds."
_BOXES = "A box holds the middle half of the seeds, its line 90 % of them; the stroke is the mean over the seeds."
_ENDS = "↑ higher is better, ↓ lower is better."
_HOLLOW = "Hollow: at the ceiling of n points, a bound from below."
_FAR = "Arrows: references too far from the methods to be drawn."


def plot_headlines(
    dataset: str, values: pd.DataFrame, looks: Mapping[str, Look], table: Table, columns: Columns
) -> Plot | None:
    """A panel per headline metric, a row per method, a dot per seed; None if nothing compares two methods.

    Where a method has many seeds, their distribution stands in place of the dots.

    Args:
        dataset: its name.
        values: as `statistics.figures` gives them.
        looks: how each method is drawn.
        table: all columns of the dataset, as `building.build` gives them, with its reference rows.
        columns: the declared columns.
    """
    order = _order_headlines(columns)
    mine = values[(values["dataset"] == dataset) & values["metric"].isin(order)]
    mine = mine[np.isfinite(mine["value"].astype(float))]
    groups = {
        (str(group["metric"].iloc[0]), str(group["protocol"].iloc[0])): group
        for _, group in mine.groupby(["metric", "protocol"], sort=False)
        if _compares(group)
    }
    keys = sorted(groups, key=lambda key: order.index(key[0]))[:_MOST_PANELS]
    if not keys:
        return None
    present = set(values.loc[values["dataset"] == dataset, "method"])
    methods = [method for method in looks if method in present]
    names = [metric for metric, _ in keys]
    lines = {key: find_references(table, *key) for key in keys}
    where = {key: _place(lines[key], groups[key]) for key in keys}
    titles = {key: _write_title(columns.describe(key[0]), key[1] if names.count(key[0]) > 1 else "") for key in keys}
    panels = tuple(_make_panel(titles[key], groups[key], methods, looks, where[key]) for key in keys)
    many = any(_is_crowded(groups[key]) for key in keys)
    far = any(place.left or place.right for place in where.values())
    hollow = not many and any(bool((groups[key]["reach"] >= 1).any()) for key in keys)
    told = [_BOXES if many else _DOTS, *([_HOLLOW] if hollow else []), _ENDS, *([_FAR] if far else [])]
    caption = " ".join(told)
    legend = make_legend(line for drawn in lines.values() for line in drawn)
    height = 0.75 + 0.26 * len(methods)
    return Plot("comparison", "Seed by seed", caption, panels, (3.5, max(1.5, height)), legend=legend)


def _order_headlines(columns: Columns) -> list[str]:
    """The columns that are compared, divergences last: they have a figure of their own."""
    found = columns.headlines("page", "line")
    return [column.name for column in sorted(found, key=lambda column: bool(column.divergence))]


def _compares(values: pd.DataFrame) -> bool:
    return values["method"].nunique() > 1


def _is_crowded(values: pd.DataFrame) -> bool:
    return bool(values["method"].value_counts().max() > MOST_DOTS)


def _write_title(column: Column, protocol: str) -> str:
    """The metric in print, with its protocol where there is one to tell."""
    return column.heading + (f" · {protocol}" if protocol else "")


def _place(lines: Sequence[ReferenceLine], values: pd.DataFrame) -> Placement:
    shown = values["value"].to_numpy(dtype=float)
    return place_references(lines, shown, logarithmic=_is_logarithmic(shown))


def _make_panel(
    title: str, values: pd.DataFrame, methods: Sequence[str], looks: Mapping[str, Look], where: Placement
) -> Panel:
    seeds = {str(method): own.to_numpy(dtype=float) for method, own in values.groupby("method", sort=False)["value"]}
    means = ", ".join(f"{method} {write_significant(seeds[method].mean(), 3)}" for method in methods if method in seeds)
    beside = ", ".join(line.text for line in where.all)
    alt = f"{title}, mean over the seeds: {means}."
    bounds = {str(method): (own >= 1).to_numpy() for method, own in values.groupby("method", sort=False)["reach"]}
    draw = partial(_draw, seeds, bounds, methods, looks, where)
    told = f"{alt} For reference: {beside}." if beside else alt
    return Panel(title, draw, told, values[["dataset", "method", "seed", "metric", "protocol", "value"]])


def _draw(
    seeds: Mapping[str, np.ndarray],
    bounds: Mapping[str, np.ndarray],
    methods: Sequence[str],
    looks: Mapping[str, Look],
    where: Placement,
    axes: Axes,
) -> None:
    crowded = any(len(own) > MOST_DOTS for own in seeds.values())
    for place, method in enumerate(methods):
        if method in seeds:
            if crowded:
                _draw_box(axes, place, seeds[method], looks[method])
            else:
                _draw_dots(axes, place, seeds[method], bounds[method], looks[method])
            mean = seeds[method].mean()
            axes.plot([mean, mean], [place - 0.33, place + 0.33], color=INK, linewidth=1.3, solid_capstyle="butt")
    axes.set_ylim(len(methods) - 0.4, -0.6 - where.strip)
    axes.set_yticks(range(len(methods)), shorten_apart(methods, 20))
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    draw_references(axes, where)
    shown = np.concatenate(list(seeds.values()))
    format_axis(axes, "x", logarithmic=_is_logarithmic(shown), whole=_are_whole(shown))


def _draw_dots(axes: Axes, place: int, values: np.ndarray, bounds: np.ndarray, look: Look) -> None:
    heights = place + (np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else np.zeros(1))
    for bound in np.unique(bounds):
        chosen = bounds == bound
        axes.plot(
            values[chosen], heights[chosen], linestyle="none", marker=look.marker, markersize=5, color=look.colour,
            markerfacecolor="none" if bound else look.colour, alpha=0.85,
        )  # fmt: skip


def _draw_box(axes: Axes, place: int, values: np.ndarray, look: Look) -> None:
    low, start, end, high = np.quantile(values, _QUANTILES)
    axes.plot([low, high], [place, place], color=look.colour, linewidth=1.3, solid_capstyle="butt")
    axes.add_patch(Rectangle((start, place - 0.2), end - start, 0.4, color=look.colour, alpha=0.6, linewidth=0))


def _are_whole(values: np.ndarray) -> bool:
    return bool((values == values.round()).all())


def _is_logarithmic(values: np.ndarray) -> bool:
    """Whether values that are no counts span more than two decades."""
    return bool(values.min() > 0 and not _are_whole(values) and np.log10(values.max() / values.min()) > _DECADES)


__all__ = ["plot_headlines"]
