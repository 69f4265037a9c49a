"""Methods against each other: every seed as a dot on the headline metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.reporting.columns import describe
from bench.reporting.figures import Panel, Plot
from bench.reporting.style import INK, Look, number_axis, shortened
from bench.reporting.text import significant

HEADLINE = (
    "elbo", "parzen_log_likelihood", "fid", "modes_covered", "mode_kl", "div_kl", "div_reverse_kl", "div_js",
)  # fmt: skip
_MOST_PANELS = 6
_DECADES = 2.0


def headline_dots(dataset: str, values: pd.DataFrame, looks: Mapping[str, Look]) -> Plot | None:
    """A panel per headline metric, a row per method, a dot per seed; None if nothing compares two methods.

    Args:
        dataset: its name.
        values: as `statistics.figures` gives them.
        looks: how each method is drawn.
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
    panels = tuple(
        _dots(metric, protocol if metric in repeated else "", _of(mine, metric, protocol), methods, looks)
        for metric, protocol in keys
    )
    caption = "A dot is one seed, the stroke the mean over the seeds. ↑ higher is better, ↓ lower is better."
    height = 0.75 + 0.26 * len(methods)
    return Plot("comparison", "Seed by seed", caption, panels, (3.5, max(1.5, height)))


def _of(values: pd.DataFrame, metric: str, protocol: str) -> pd.DataFrame:
    return values[(values["metric"] == metric) & (values["protocol"] == protocol)]


def _dots(metric: str, protocol: str, values: pd.DataFrame, methods: Sequence[str], looks: Mapping[str, Look]) -> Panel:
    column = describe(metric)
    unit = f" [{column.unit}]" if column.unit else ""
    title = f"{column.label} {column.arrow}{unit}" + (f" · {protocol}" if protocol else "")
    means = values.groupby("method")["value"].mean()
    told = [f"{method} {significant(means[method], 3)}" for method in methods if method in means]

    def draw(axes: Axes) -> None:
        for place, method in enumerate(methods):
            _draw_seeds(
                axes, place, values.loc[values["method"] == method, "value"].to_numpy(dtype=float), looks[method]
            )
        axes.set_ylim(len(methods) - 0.4, -0.6)
        axes.set_yticks(range(len(methods)), [shortened(method, 20) for method in methods])
        axes.tick_params(axis="y", labelcolor=INK)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        shown = values["value"].to_numpy(dtype=float)
        whole = bool((shown == shown.round()).all())
        number_axis(axes, "x", logarithmic=not whole and _spans_decades(shown), whole=whole)

    return Panel(title, draw, f"{title}, mean over the seeds: {', '.join(told)}.")


def _draw_seeds(axes: Axes, place: int, values: np.ndarray, look: Look) -> None:
    if not len(values):
        return
    heights = place + (np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else np.zeros(1))
    axes.plot(values, heights, linestyle="none", marker=look.marker, markersize=5, color=look.colour, alpha=0.85)
    mean = values.mean()
    axes.plot([mean, mean], [place - 0.33, place + 0.33], color=INK, linewidth=1.3, solid_capstyle="butt")


def _spans_decades(values: np.ndarray) -> bool:
    return bool(values.min() > 0 and np.log10(values.max() / values.min()) > _DECADES)


__all__ = ["HEADLINE", "headline_dots"]
