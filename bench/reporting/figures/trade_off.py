"""Likelihood against FID: a point per method, a panel per dataset, with what seeds differ by as a cross."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.analysis.headlines import Key, choose_axes, list_candidates
from bench.column import Columns
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.style import INK, Look, format_axis
from bench.reporting.text import write_significant

TRADE_OFF = "trade-off"
_DECADES = 2.0
_CAPTION = (
    "A point is a method's mean over its finished seeds, the cross ± their standard deviation; of a single seed there "
    "is no cross. ↑ higher is better, ↓ lower is better.{}"
)
_MIXED = "Two metrics against each other"
_HOLLOW = " Hollow: an estimate at its ceiling, a bound from below."


def plot_trade_off(
    values: pd.DataFrame, summary: pd.DataFrame, looks: Mapping[str, Look], columns: Columns
) -> Plot | None:
    """A panel for each dataset on which two methods at least have both figures; None without any.

    FID stands against the likelihood that most methods share, else against a divergence, else two other metrics that
    answer for the dataset against each other.

    Args:
        values: as `statistics.collect_figures` gives them.
        summary: as `statistics.summarise` gives it.
        looks: how each method is drawn.
        columns: the declared columns.
    """
    panels, titles, drawn, hollow = [], set(), dict.fromkeys(looks, False), False
    for dataset in values["dataset"].unique():
        axes = choose_axes(list_candidates(values[values["dataset"] == dataset], columns), columns)
        points = None if axes is None else _join(summary[summary["dataset"] == dataset], axes, looks)
        if axes is None or points is None or len(points) < 2:
            continue
        hollow = hollow or bool(points[["at_x", "at_y"]].to_numpy().any())
        drawn |= dict.fromkeys(points.index, True)
        titles.add(_write_title(axes, columns))
        panels.append(_make_panel(str(dataset), points, axes, looks, columns))
    if not panels:
        return None
    legend = {name: look for name, look in looks.items() if drawn[name]}
    title = titles.pop() if len(titles) == 1 else _MIXED
    return Plot(
        TRADE_OFF, title, _CAPTION.format(_HOLLOW if hollow else ""), tuple(panels), (3.5, 2.7), 2,
        legend, lines=False,
    )  # fmt: skip


def _write_title(axes: tuple[Key, Key], columns: Columns) -> str:
    x, y = (columns.describe(metric).label for metric, _ in axes)
    return f"{y} against {x}"


def _join(summary: pd.DataFrame, axes: tuple[Key, Key], looks: Mapping[str, Look]) -> pd.DataFrame:
    """Mean, spread and ceiling on both axes of each method that has finite means on both."""
    parts = []
    for side, (metric, protocol) in zip("xy", axes, strict=True):
        own = summary[(summary["metric"] == metric) & (summary["protocol"] == protocol)].set_index("method")
        told = pd.DataFrame({side: own["mean"], f"std_{side}": own["std"], f"at_{side}": own["at_ceiling"] > 0})
        parts.append(told.astype({side: float, f"std_{side}": float}))
    both = parts[0].join(parts[1], how="inner")
    finite = both.index[np.isfinite(both["x"]) & np.isfinite(both["y"])]
    return both.loc[[name for name in looks if name in finite]]


def _make_panel(
    dataset: str, points: pd.DataFrame, axes: tuple[Key, Key], looks: Mapping[str, Look], columns: Columns
) -> Panel:
    x, y = (columns.describe(metric) for metric, _ in axes)
    told = ", ".join(
        f"{method} {write_significant(row['x'], 3)} and {write_significant(row['y'], 3)}"
        for method, row in points.iterrows()
    )
    alt = f"{_write_title(axes, columns)}: on {dataset}, means of {x.label} and {y.label}: {told}."
    names = {"x": x.name, "std_x": f"{x.name}_std", "y": y.name, "std_y": f"{y.name}_std"}
    data = points[list(names)].rename(columns=names).rename_axis("method").reset_index()
    return Panel(dataset, partial(_draw, points, looks, x.heading, y.heading), alt, data)


def _draw(points: pd.DataFrame, looks: Mapping[str, Look], x: str, y: str, axes: Axes) -> None:
    logarithmic = {side: _is_logarithmic(points[side].to_numpy(dtype=float)) for side in "xy"}
    for method, row in points.iterrows():
        look, bound = looks[str(method)], bool(row["at_x"] or row["at_y"])
        errors = {
            side: _clip(float(row[side]), float(row[f"std_{side}"]), logarithmic=logarithmic[side]) for side in "xy"
        }
        axes.errorbar(
            float(row["x"]), float(row["y"]), xerr=errors["x"], yerr=errors["y"], color=look.colour, linestyle="none",
            marker=look.marker, markersize=6.5, markerfacecolor="none" if bound else look.colour, elinewidth=1.0,
            alpha=0.85,
        )  # fmt: skip
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    for side in "xy":
        format_axis(axes, side, logarithmic=logarithmic[side])


def _clip(mean: float, spread: float, *, logarithmic: bool) -> np.ndarray | None:
    """The arms of a cross, shape (2, 1); on a logarithmic axis the lower one stays above 0. None for no spread."""
    if np.isnan(spread):
        return None
    return np.array([[min(spread, 0.9 * mean) if logarithmic else spread], [spread]])


def _is_logarithmic(values: np.ndarray) -> bool:
    return bool(values.min() > 0 and np.log10(values.max() / values.min()) > _DECADES)


__all__ = ["TRADE_OFF", "plot_trade_off"]
