"""The gap as a picture: bound, estimate and exact value of each f-GAN, its seeds joined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.column import Column, Columns
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.style import INK, MOST_DOTS, SOFT, Look, format_axis, shorten_apart
from bench.reporting.tables.gap import Gap
from bench.reporting.text import write_significant

_LOOKS = {
    "bound": ("training bound", Look("#0072b2", "o", ())),
    "estimate": ("estimate", Look("#d55e00", "D", ())),
    "exact": ("exact", Look("#009e73", "s", ())),
}
_HALF_HEIGHT = 0.24


def plot_gap(found: Sequence[Gap], columns: Columns) -> Plot | None:
    """A panel per divergence, a row per f-GAN trained on it; None if nothing stands beside a bound.

    Args:
        found: as `gap.find_gaps` gives them.
        columns: the declared columns.
    """
    shown = [gap for gap in found if len(_list_kinds(gap)) > 1]
    if not shown:
        return None
    divergences = dict.fromkeys(gap.divergence for gap in shown)
    panels = tuple(
        _make_panel(columns.describe(f"div_{name}"), [gap for gap in shown if gap.divergence == name])
        for name in divergences
    )
    kinds = {kind for gap in shown for kind in _list_kinds(gap)}
    most = max(sum(gap.divergence == name for gap in shown) for name in divergences)
    joined = "; each thin line joins the figures of one seed" if _joins_seeds(shown) else ""
    caption = (
        f"Mean over the seeds, the bar ± one standard deviation{joined}. "
        "In expectation, the bound and the estimate are below the truth. Infinite values are not drawn."
    )
    legend = {label: look for kind, (label, look) in _LOOKS.items() if kind in kinds}
    return Plot("gap", "How loose the training bound is", caption, panels, (3.5, 0.6 + 0.62 * most), legend=legend)


def _list_kinds(gap: Gap) -> list[str]:
    """What of it can be drawn side by side: not the estimate of a spread divergence."""
    kinds = [kind for kind in _LOOKS if not (kind == "estimate" and gap.is_spread)]
    return [kind for kind in kinds if len(_keep_finite(gap.seeds[kind]))]


def _joins_seeds(found: Sequence[Gap]) -> bool:
    """Whether there are so few seeds that their lines can be told apart."""
    return all(len(gap.seeds) <= MOST_DOTS for gap in found)


def _keep_finite(values: pd.Series[float]) -> pd.Series[float]:
    return values[np.isfinite(values)]


def _make_panel(column: Column, found: Sequence[Gap]) -> Panel:
    title = f"{column.label} [{column.unit}]" if column.unit else column.label
    told = "; ".join(f"{gap.method}: {_describe(gap)}" for gap in found)

    def draw(axes: Axes) -> None:
        for place, gap in enumerate(found):
            _draw(axes, place, gap)
        axes.set_ylim(len(found) - 0.45, -0.55)
        axes.set_yticks(range(len(found)), shorten_apart([gap.method for gap in found], 20))
        axes.tick_params(axis="y", labelcolor=INK)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        format_axis(axes, "x")

    return Panel(title, draw, f"{title}, mean over the seeds. {told}.")


def _describe(gap: Gap) -> str:
    return ", ".join(
        f"{_LOOKS[kind][0]} {write_significant(_keep_finite(gap.seeds[kind]).mean(), 3)}" for kind in _list_kinds(gap)
    )


def _draw(axes: Axes, place: int, gap: Gap) -> None:
    kinds = _list_kinds(gap)
    heights = dict(zip(kinds, place + np.linspace(-_HALF_HEIGHT, _HALF_HEIGHT, len(kinds)), strict=True))
    for _, row in gap.seeds[kinds].iterrows() if _joins_seeds([gap]) else ():
        known = [kind for kind in kinds if np.isfinite(row[kind])]
        axes.plot(row[known], [heights[kind] for kind in known], color=SOFT, linewidth=0.6, marker=".", markersize=3.5)
    for kind in kinds:
        look, values = _LOOKS[kind][1], _keep_finite(gap.seeds[kind])
        axes.errorbar(
            values.mean(), heights[kind], xerr=values.std() if len(values) > 1 else None, color=look.colour,
            marker=look.marker, markersize=5.5, linewidth=1.4, capsize=2.5, zorder=3,
        )  # fmt: skip


__all__ = ["plot_gap"]
