"""Learning curves: a panel per curve, a line per method, a band over its seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.reporting.figures import Panel, Plot
from bench.reporting.style import Look, number_axis
from bench.reporting.text import plural

_TRANSIENT = 0.1
_MARK_EVERY = 0.3
_OUTLYING = 0.01
_TITLES = {
    "loss": "Loss",
    "elbo": "ELBO",
    "reconstruction": "Reconstruction",
    "kl": "KL term",
    "bound": "Variational bound",
    "generator_loss": "Generator loss",
    "critic_loss": "Critic loss",
}


def learning_curves(dataset: str, runs: pd.DataFrame, curves: pd.DataFrame, looks: Mapping[str, Look]) -> Plot | None:
    """Learning curves of one dataset, or None if it has none.

    Args:
        dataset: its name in `runs`.
        runs: runs as `identified` gives them.
        curves: `run_id, step, metric, value`.
        looks: how each method is drawn.
    """
    if curves.empty or runs.empty:
        return None
    mine = runs.loc[runs["dataset"] == dataset, ["run_id", "method", "family", "status"]]
    long = curves.dropna(subset=["value"]).merge(mine, on="run_id")
    if long.empty:
        return None
    names = sorted(long["metric"].unique(), key=_rank)
    panels = tuple(panel for name in names for panel in _panels(name, long[long["metric"] == name], looks))
    legend = {method: look for method, look in looks.items() if (long["method"] == method).any()}
    caption = (
        "Mean over the finished seeds at each step; the band spans their minimum and maximum. A thin line that ends in "
        "a cross is a run that did not finish. Axes leave out the first steps where they would hide the rest."
    )
    return Plot("curves", "Learning curves", caption, panels, legend=legend)


def _rank(name: str) -> tuple[int, str]:
    order = list(_TITLES)
    return order.index(name) if name in order else len(order), name


def _panels(metric: str, long: pd.DataFrame, looks: Mapping[str, Look]) -> Iterator[Panel]:
    """One panel, or one per family for a loss, which means something else in each."""
    title = _TITLES.get(metric, metric.replace("_", " "))
    families = long["family"].unique()
    if not metric.endswith("loss") or len(families) < 2:
        yield _panel(title, long, looks)
        return
    for family in families:
        yield _panel(f"{title} ({family})", long[long["family"] == family], looks)


def _panel(title: str, long: pd.DataFrame, looks: Mapping[str, Look]) -> Panel:
    methods = [method for method in looks if (long["method"] == method).any()]
    final = [f"{method} {long.loc[long['method'] == method, 'value'].iloc[-1]:.4g}" for method in methods]
    alt = f"{title} against training step for {plural(len(methods), 'method')}; last values: {', '.join(final)}."

    def draw(axes: Axes) -> None:
        for method in methods:
            _draw_method(axes, long[long["method"] == method], looks[method])
        limits = _limits(long)
        if limits:
            axes.set_ylim(*limits)
        axes.margins(x=0.02)
        axes.set_xlabel("step")
        number_axis(axes, "x")
        number_axis(axes, "y")

    return Panel(title, draw, alt)


def _draw_method(axes: Axes, long: pd.DataFrame, look: Look) -> None:
    steps, values = _aligned(long[long["status"] == "done"])
    if len(steps):
        axes.fill_between(steps, values.min(axis=1), values.max(axis=1), color=look.colour, alpha=0.16, linewidth=0)
        axes.plot(
            steps, values.mean(axis=1), color=look.colour, linestyle=look.line, linewidth=1.5,
            marker=look.marker, markersize=4, markevery=_MARK_EVERY if len(steps) > 1 else None,
        )  # fmt: skip
    for run in _runs(long[long["status"] != "done"]):
        axes.plot(run["step"], run["value"], color=look.colour, linestyle=look.line, linewidth=0.7)
        axes.plot(run["step"].iloc[-1:], run["value"].iloc[-1:], color=look.colour, marker="x", markersize=5)


def _aligned(long: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Steps that every run of a method has, and the values there, shape (steps, runs)."""
    wide = long.pivot_table(index="step", columns="run_id", values="value").dropna()
    return wide.index.to_numpy(dtype=float), wide.to_numpy(dtype=float)


def _runs(long: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for _, run in long.groupby("run_id", sort=False):
        yield run.sort_values("step")


def _limits(long: pd.DataFrame) -> tuple[float, float] | None:
    """Limits of the y axis that the first steps and single outliers do not set; None to leave them to matplotlib."""
    finite = long[np.isfinite(long["value"])]
    late = finite.loc[finite["step"] >= _TRANSIENT * finite["step"].max(), "value"]
    if len(late) < 2:
        return None
    low, high = late.quantile([_OUTLYING, 1 - _OUTLYING])
    margin = 0.08 * (high - low)
    if margin == 0:
        return None
    lowest, highest = finite["value"].min() - margin, finite["value"].max() + margin
    return max(low - margin, lowest), min(high + margin, highest)


__all__ = ["learning_curves"]
