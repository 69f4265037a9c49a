"""How often each method reaches each mode of the data: one histogram over the modes per method."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from bench.column import mode_of
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.style import INK, Look, format_axis

MODES = "modes"
_SIZE = (2.3, 1.7)
_COLUMNS = 4
_CAPTION = (
    "Share of the high-quality samples that each mode of the data has, in the mean over the finished seeds; a stroke "
    "is ± their standard deviation. {}"
)
_REAL = "Line: real data."


def plot_modes(dataset: str, values: pd.DataFrame, references: pd.DataFrame, looks: Mapping[str, Look]) -> Plot | None:
    """A panel per method, a bar per mode; None where no method has a histogram of modes.

    Args:
        dataset: its name.
        values: as `statistics.collect_figures` gives them.
        references: the same of rows of real data.
        looks: how each method is drawn.
    """
    found = _select_shares(values, dataset)
    if found.empty:
        return None
    protocol = found["protocol"].value_counts().idxmax()  # figures by another are left out, not mixed in
    mine = _summarise(found[found["protocol"] == protocol])
    beside = _select_shares(references, dataset)
    real = _summarise(beside[beside["protocol"] == protocol]).groupby("mode")["mean"].mean()
    shares = {method: own for method, own in mine.groupby("method", sort=False) if method in looks}
    drawn = {name: shares[name].assign(data=shares[name]["mode"].map(real)) for name in looks if name in shares}
    tops = [float((own["mean"] + own["std"].fillna(0)).max()) for own in drawn.values()]
    top = 1.05 * max(*tops, float(real.max()) if len(real) else 0.0)
    panels = tuple(
        Panel(name, partial(_draw, own, looks[name], top), _describe(name, own), own) for name, own in drawn.items()
    )
    caption = _CAPTION.format(_REAL if len(real) else "").strip()
    return Plot(MODES, "Mode histograms", caption, panels, _SIZE, _COLUMNS)


def _select_shares(values: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The shares of modes on one dataset, with the number of each mode."""
    modes = {name: mode_of(name) for name in values["metric"].unique()}
    names = [name for name, mode in modes.items() if mode is not None]
    mine = values[(values["dataset"] == dataset) & values["metric"].isin(names)]
    return mine.assign(mode=mine["metric"].map(modes)).astype({"mode": int, "value": float})


def _summarise(shares: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread of each mode's share: `method, mode, mean, std, n`."""
    groups = shares.groupby(["method", "mode"])["value"]
    return groups.agg(mean="mean", std="std", n="count").reset_index()


def _describe(method: str, shares: pd.DataFrame) -> str:
    reached = int((shares["mean"] > 0).sum())
    least, most = shares["mean"].min(), shares["mean"].max()
    return f"{method} reaches {reached} of {len(shares)} modes, with shares from {least:.3g} to {most:.3g}."


def _draw(shares: pd.DataFrame, look: Look, top: float, axes: Axes) -> None:
    axes.bar(shares["mode"], shares["mean"], width=0.8, color=look.colour, alpha=0.75, linewidth=0)
    spread = shares[shares["std"].notna()]
    axes.errorbar(spread["mode"], spread["mean"], yerr=spread["std"], fmt="none", ecolor=INK, elinewidth=0.8)
    if shares["data"].notna().any():
        edges = [*(shares["mode"] - 0.5), shares["mode"].iloc[-1] + 0.5]
        axes.stairs(shares["data"], edges, color=INK, linewidth=1.0, baseline=None)
    axes.set_ylim(0, top)
    axes.set_xlabel("mode")
    axes.grid(visible=False, axis="x")
    format_axis(axes, "x", whole=True)
    format_axis(axes, "y")


__all__ = ["MODES", "plot_modes"]
