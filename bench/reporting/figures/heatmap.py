"""The train × test matrix as a picture: how many times the best of its column each figure is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from textwrap import fill

import numpy as np
import seaborn as sns
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from bench.column import Columns
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.style import FRAME, INK, shorten, shorten_apart
from bench.reporting.tables.cells import Header, Table
from bench.reporting.text import EMPTY, write_significant

_LONGEST = 32
"""Characters of a method's name that are shown."""
_LIGHTEST = 3.0
"""Ratios from here on look alike."""
_MAP, _DARKEST = "Blues", 1.2
"""Colour map, and the end of its scale: beyond 1, so that the frames stand out from the best."""
_DARK, _LIGHT = "#000000", "#ffffff"
_EQUAL_CONTRAST = 0.179
"""Relative luminance at which black and white text have equal contrast (WCAG 2, 1.4.3)."""


def plot_heatmap(table: Table, floors: Mapping[str, float], columns: Columns) -> Plot | None:
    """The matrix as a heat map; None with fewer than two methods or columns.

    Args:
        table: a matrix of `matrix.select_estimates` or `matrix.select_exact`.
        floors: what counts as nothing in each column: the typical standard error of one run.
        columns: the declared columns.
    """
    rows = [row for row in table.of_kind("method") if any(row.cells)]
    headers = [h for i, h in enumerate(table.headers) if any(row.cells[i] for row in rows)]
    kept = [table.headers.index(header) for header in headers]
    if len(rows) < 2 or len(headers) < 2:
        return None
    means = np.array([[np.nan if (c := row.cells[i]) is None else c.mean for i in kept] for row in rows])
    bounds = np.array([[(c := row.cells[i]) is not None and c.is_bound for i in kept] for row in rows])
    lowers = [columns.lower_end(header.column.divergence) for header in headers]
    relative = np.column_stack(
        [
            compute_ratios(means[:, j], lower, floors.get(header.column.name, 0.0))
            for j, (header, lower) in enumerate(zip(headers, lowers, strict=True))
        ]
    )
    own = np.array([[row.owns(header) for header in headers] for row in rows]) & ~np.isnan(means)
    labels = [row.label if row.divergence in ("", row.label) else f"{row.label}, on {row.aside}" for row in rows]
    panel = Panel(
        "Trained on (row), measured by (column)" if own.any() else "Measured by (column)",
        partial(_draw, means, relative, bounds, own, labels, [_write_label(header) for header in headers]),
        f"Heat map, {len(rows)} methods by {len(headers)} columns: {table.title}, relative to the best of each column; "
        "the figures are in the table above.",
    )
    margin = 0.3 + 0.075 * min(_LONGEST, max(map(len, labels)))
    size = (margin + 0.76 * len(headers), 0.6 + 0.3 * len(rows))
    return Plot(
        table.kind,
        f"{table.title} relative to the best".capitalize(),
        _write_caption(headers, lowers, own, floors, bounds),
        (panel,),
        size,
        1,
    )


def compute_ratios(means: np.ndarray, lower: float = 0.0, floor: float = 0.0) -> np.ndarray:
    """Each figure as a multiple of the smallest, both measured from the divergence's lower end.

    Args:
        means: figures of one column, shape (methods,); NaN where there is none.
        lower: the divergence's value for equal laws.
        floor: smaller distances from the lower end count as this.

    Returns:
        Ratios ≥ 1, inf for infinite figures; NaN where there is no figure, and everywhere if the smallest is not
        above the lower end.
    """
    above = np.maximum(means - lower, floor)
    finite = above[np.isfinite(above)]
    if not len(finite) or finite.min() <= 0:
        return np.full_like(above, np.nan)
    ratio: np.ndarray = above / finite.min()
    return ratio


def _write_caption(
    headers: Sequence[Header],
    lowers: Sequence[float],
    own: np.ndarray,
    floors: Mapping[str, float],
    bounds: np.ndarray,
) -> str:
    parts = [
        f"How many times the smallest mean of its column each mean is: dark at 1, lightest from {_LIGHTEST:g} on, on a "
        "logarithmic scale that all columns share."
    ]
    shifted = {header.column.label: lower for header, lower in zip(headers, lowers, strict=True) if lower}
    parts += [
        f"{name} is measured from {_write_end(lower)}, its value for equal laws." for name, lower in shifted.items()
    ]
    if floors:
        parts.append("Means below the standard error of one run count as that.")
    if bounds.any():
        parts.append("≥: an estimate at its ceiling, a bound from below.")
    if own.any():
        parts.append("Framed: the divergence that the method was trained on.")
    return " ".join(parts)


def _write_end(lower: float) -> str:
    """The value in terms of log 2 where it is a whole number of it."""
    times = lower / np.log(2)
    return (
        f"{write_significant(round(times), 3)} log 2"
        if np.isclose(times, round(times))
        else write_significant(lower, 3)
    )


def _write_label(header: Header) -> str:
    lines = [header.column.label, header.shown]
    return "\n".join(fill(shorten(line, 20), 11, break_long_words=False) for line in lines if line)


def _draw(
    means: np.ndarray,
    relative: np.ndarray,
    bounds: np.ndarray,
    own: np.ndarray,
    rows: list[str],
    columns: list[str],
    axes: Axes,
) -> None:
    shade = np.where(np.isnan(relative), 0.0, 1 - np.log(np.clip(relative, 1, _LIGHTEST)) / np.log(_LIGHTEST))
    texts = [
        [_write_ratio(*cell) for cell in zip(*line, strict=True)] for line in zip(means, relative, bounds, strict=True)
    ]
    sns.heatmap(
        shade,
        mask=np.isnan(means),
        annot=np.array(texts, dtype=object),
        annot_kws={"fontsize": 8.5},
        fmt="",
        cmap=_MAP,
        vmin=0,
        vmax=_DARKEST,
        cbar=False,
        linewidths=0.6,
        linecolor=_LIGHT,
        xticklabels=columns,
        yticklabels=shorten_apart(rows, _LONGEST),
        ax=axes,
    )
    _colour_texts(axes, shade)
    for i, j in np.argwhere(own):
        axes.add_patch(Rectangle((j + 0.04, i + 0.06), 0.92, 0.88, fill=False, edgecolor=FRAME, linewidth=1.6))
    axes.tick_params(length=0, labelcolor=INK, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.tick_params(axis="x", labelrotation=0)
    axes.tick_params(axis="y", labelrotation=0)


def _write_ratio(mean: float, ratio: float, bound: bool) -> str:
    if bound:
        return f"≥{_write_ratio(mean, ratio, False)}"
    if np.isnan(mean):
        return ""
    if np.isinf(mean) or np.isnan(ratio):
        return "∞" if np.isinf(mean) else EMPTY
    if ratio < 100:
        return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"
    return write_significant(round(ratio), 2)


def _colour_texts(axes: Axes, shade: np.ndarray) -> None:
    """Black or white, whichever is told better from the cell it stands on."""
    for text in axes.texts:
        x, y = text.get_position()
        cell = colormaps[_MAP](shade[int(y), int(x)] / _DARKEST)
        text.set_color(_DARK if compute_luminance(cell) > _EQUAL_CONTRAST else _LIGHT)


def compute_luminance(colour: object) -> float:
    """Relative luminance of a colour, from 0 to 1 (WCAG 2, definition of relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]  # type: ignore[arg-type]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


__all__ = ["compute_luminance", "compute_ratios", "plot_heatmap"]
