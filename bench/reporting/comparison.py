"""Methods against each other: every seed as a dot on the headline metrics, with what real and perfect data score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.reporting.cells import Table
from bench.reporting.columns import describe
from bench.reporting.figures import Panel, Plot
from bench.reporting.reference_lines import (
    Placed,
    ReferenceLine,
    draw_references,
    looks_of,
    placed,
    reference_lines,
)
from bench.reporting.style import INK, Look, number_axis, shortened
from bench.reporting.text import significant

HEADLINE = (
    "elbo", "log_likelihood_iw", "parzen_log_likelihood", "fid", "precision", "recall", "coverage", "modes_covered",
    "mode_kl", "div_kl", "div_reverse_kl", "div_js",
)  # fmt: skip
_MOST_PANELS = 9
_DECADES = 2.0


def headline_dots(dataset: str, values: pd.DataFrame, looks: Mapping[str, Look], table: Table) -> Plot | None:
    """A panel per headline metric, a row per method, a dot per seed; None if nothing compares two methods.

    Args:
        dataset: its name.
        values: as `statistics.figures` gives them.
        looks: how each method is drawn.
        table: all columns of the dataset, as `tables.build` gives them, with its reference rows.
    """
    mine = values[(values["dataset"] == dataset) & np.isfinite(values["value"].astype(float))]
    keys = [
        (str(group["metric"].iloc[0]), str(group["protocol"].iloc[0]))
        for _, group in mine[mine["metric"].isin(HEADLINE)].groupby(["metric", "protocol"], sort=False)
        if group["method"].nunique() > 1
    ]
    keys = sorted(keys, key=lambda key: HEADLINE.index(key[0]))[:_MOST_PANELS]
    if not keys:
        return None
    methods = [method for method in looks if (mine["method"] == method).any()]
    repeated = {metric for metric, _ in keys if [name for name, _ in keys].count(metric) > 1}
    lines = {key: reference_lines(table, *key) for key in keys}
    where = {key: _placed(lines[key], _of(mine, *key)) for key in keys}
    panels = tuple(
        _panel(_title(*key, told=key[0] in repeated), _of(mine, *key), methods, looks, where[key]) for key in keys
    )
    caption = "A dot is one seed, the stroke the mean over the seeds. ↑ higher is better, ↓ lower is better."
    if any(place.left or place.right for place in where.values()):
        caption += " Arrows: references too far from the methods to be drawn."
    legend = looks_of(line for drawn in lines.values() for line in drawn)
    height = 0.75 + 0.26 * len(methods)
    return Plot("comparison", "Seed by seed", caption, panels, (3.5, max(1.5, height)), legend=legend)


def _of(values: pd.DataFrame, metric: str, protocol: str) -> pd.DataFrame:
    return values[(values["metric"] == metric) & (values["protocol"] == protocol)]


def _title(metric: str, protocol: str, *, told: bool) -> str:
    """The metric in print, with its protocol where that must be told."""
    column = describe(metric)
    unit = f" [{column.unit}]" if column.unit else ""
    return f"{column.label} {column.arrow}".strip() + unit + (f" · {protocol}" if told and protocol else "")


def _placed(lines: Sequence[ReferenceLine], values: pd.DataFrame) -> Placed:
    shown = values["value"].to_numpy(dtype=float)
    return placed(lines, shown, logarithmic=_is_logarithmic(shown))


def _panel(title: str, values: pd.DataFrame, methods: Sequence[str], looks: Mapping[str, Look], where: Placed) -> Panel:
    means = values.groupby("method")["value"].mean()
    told = [f"{method} {significant(means[method], 3)}" for method in methods if method in means]
    beside = ", ".join(line.text for line in where.all)
    shown = values["value"].to_numpy(dtype=float)

    def draw(axes: Axes) -> None:
        for place, method in enumerate(methods):
            seeds = values.loc[values["method"] == method, "value"].to_numpy(dtype=float)
            _draw_seeds(axes, place, seeds, looks[method])
        axes.set_ylim(len(methods) - 0.4, -0.6 - where.strip)
        axes.set_yticks(range(len(methods)), [shortened(method, 20) for method in methods])
        axes.tick_params(axis="y", labelcolor=INK)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        draw_references(axes, where)
        number_axis(axes, "x", logarithmic=_is_logarithmic(shown), whole=_are_whole(shown))

    alt = f"{title}, mean over the seeds: {', '.join(told)}."
    return Panel(title, draw, f"{alt} For reference: {beside}." if beside else alt)


def _draw_seeds(axes: Axes, place: int, values: np.ndarray, look: Look) -> None:
    if not len(values):
        return
    heights = place + (np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else np.zeros(1))
    axes.plot(values, heights, linestyle="none", marker=look.marker, markersize=5, color=look.colour, alpha=0.85)
    mean = values.mean()
    axes.plot([mean, mean], [place - 0.33, place + 0.33], color=INK, linewidth=1.3, solid_capstyle="butt")


def _are_whole(values: np.ndarray) -> bool:
    return bool((values == values.round()).all())


def _is_logarithmic(values: np.ndarray) -> bool:
    """Whether values that are no counts span more than two decades."""
    return bool(values.min() > 0 and not _are_whole(values) and np.log10(values.max() / values.min()) > _DECADES)


__all__ = ["HEADLINE", "headline_dots"]
