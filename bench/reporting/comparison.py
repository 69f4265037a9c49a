"""Methods against each other: every seed as a dot on the headline metrics, and the train × test matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from bench.reporting.columns import describe, divergence_of, sort_key
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


def train_test_matrix(dataset: str, summary: pd.DataFrame, counts: pd.DataFrame, methods: Sequence[str]) -> Plot | None:
    """What a model was trained on against what it is measured by; None with fewer than two f-GANs.

    Args:
        dataset: its name.
        summary: as `statistics.summarise` gives it.
        counts: as `statistics.counts` gives it: family and divergence of each method.
        methods: the methods, in the order of printing.
    """
    mine = summary[(summary["dataset"] == dataset) & summary["metric"].map(divergence_of).notna()]
    about = counts[counts["dataset"] == dataset].set_index("method")
    rows = [method for method in methods if (mine["method"] == method).any()]
    fgans = [method for method in rows if about.loc[method, "family"] == "fgan"]
    columns = sorted(mine["metric"].unique(), key=sort_key)
    if len(fgans) < 2 or not columns:
        return None
    wide = mine.drop_duplicates(["method", "metric"], keep="last").pivot(
        index="method", columns="metric", values="mean"
    )
    matrix = wide.reindex(index=rows, columns=columns).to_numpy(dtype=float)
    trained = [str(about.loc[method, "divergence"]) for method in rows]
    own = [[trained_on == divergence_of(column) for column in columns] for trained_on in trained]
    labels = [name if on in ("", name) else f"{name} ({on})" for name, on in zip(rows, trained, strict=True)]
    panel = Panel(
        "Trained on (row), measured by (column)",
        partial(_matrix, matrix, np.array(own), labels, [describe(column).label for column in columns]),
        f"Matrix of estimated divergences, {len(rows)} methods by {len(columns)} divergences; "
        "its figures are in the table of this data set.",
    )
    caption = (
        "Mean over the seeds of the divergence estimated after training. The darker, the nearer to the best "
        "of its column. Framed: the divergence that the method was trained on."
    )
    size = (1.6 + 0.76 * len(columns), 0.5 + 0.3 * len(rows))
    return Plot("train-test", "Trained on one, measured by another", caption, (panel,), size, 1)


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


def _matrix(matrix: np.ndarray, own: np.ndarray, rows: Sequence[str], columns: Sequence[str], axes: Axes) -> None:
    nearness = np.apply_along_axis(_nearness, 0, matrix)
    sns.heatmap(
        nearness,
        mask=np.isnan(matrix),
        annot=np.vectorize(_cell_text, otypes=[object])(matrix),
        annot_kws={"fontsize": 8.5},
        fmt="",
        cmap="Blues",
        vmin=0,
        vmax=1.25,
        cbar=False,
        xticklabels=[shortened(name, 12) for name in columns],
        yticklabels=[shortened(name, 32) for name in rows],
        ax=axes,
    )
    for i, j in np.argwhere(own):
        axes.add_patch(Rectangle((j + 0.04, i + 0.06), 0.92, 0.88, fill=False, edgecolor="#d55e00", linewidth=1.4))
    axes.tick_params(length=0, labelcolor=INK, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.tick_params(axis="x", labelrotation=0)
    axes.tick_params(axis="y", labelrotation=0)


def _cell_text(value: float) -> str:
    return significant(value, 3) if abs(value) < 1000 else significant(value, 2)


def _nearness(column: np.ndarray) -> np.ndarray:
    """1 for the best (smallest) of a column, falling with the excess over it on a logarithmic scale to 0."""
    finite = np.isfinite(column)
    if not finite.any():
        return np.where(np.isnan(column), np.nan, 0.0)
    excess = column - column[finite].min()
    positive = excess[finite & (excess > 0)]
    if not len(positive):
        return np.where(finite, 1.0, np.where(np.isnan(column), np.nan, 0.0))
    scaled = np.log1p(excess / np.median(positive))
    return np.where(np.isposinf(column), 0.0, 1 - scaled / scaled[finite].max())


__all__ = ["HEADLINE", "headline_dots", "train_test_matrix"]
