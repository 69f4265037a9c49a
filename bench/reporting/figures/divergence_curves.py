"""Divergences against the level of the noise under which they are estimated: a panel for each, a line per method."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.column import Columns, level_of
from bench.reporting.figures.panels import Panel, Plot
from bench.reporting.figures.style import DATA, SOFT, Look, format_axis, write_tick
from bench.reporting.tables.cells import Cell, Row, Table
from bench.reporting.text import write_significant

NOISE = "noise"
_CAPTION = (
    "Gaussian noise of standard deviation s is added to both sides, from one draw for all s. Mean over the seeds; the "
    "band spans their minimum and maximum."
)
_HOLLOW = "Hollow marks are at the ceiling of n points, the dotted line: bounds from below."
_REAL = "Dashed grey: {}."
_PLAIN = "Upright: the s of the tables."
_WIDEST_GAP = 0.08  # of the axis in log s: closer ticks would run into each other


@dataclass(frozen=True)
class _Line:
    """One row of the table along the levels.

    Attributes:
        name: its label.
        look: how it is drawn; None for a reference.
        levels: s, ascending, shape (S,).
        band: minimum, mean and maximum over the seeds, shape (3, S).
        bounds: whether a seed is at its ceiling, shape (S,).
    """

    name: str
    look: Look | None
    levels: np.ndarray
    band: np.ndarray
    bounds: np.ndarray


def plot_divergence_curves(
    table: Table, looks: Mapping[str, Look], columns: Columns, plain: float | None
) -> Plot | None:
    """Every divergence that is estimated under several levels of noise, or None if none is.

    A divergence that a single one of several methods has is left out.

    Args:
        table: all columns of a dataset, as `building.build` gives them.
        looks: how each method is drawn.
        columns: the declared columns.
        plain: level of the noise of the estimates in the tables; None where there is none.
    """
    groups = _group(table)
    methods = sum(any(row.cells) for row in table.of_kind("method"))
    panels, drawn, references, hollow = [], set(), set(), False
    for (divergence, protocol), places in groups.items():
        lines = list(_make_lines(table, places, looks))
        ours = [line for line in lines if line.look is not None]
        if len(places) < 2 or len(ours) < min(2, methods):
            continue
        ceiling = _find_ceiling(table, list(places.values()), columns.lower_end(divergence))
        told = protocol if [key[0] for key in groups].count(divergence) > 1 else ""
        panels.append(_make_panel(columns.divergence_label(divergence), told, lines, ceiling, plain))
        drawn |= {line.name for line in ours}
        references |= {line.name for line in lines if line.look is None}
        hollow |= any(bool(line.bounds.any()) for line in lines)
    if not panels:
        return None
    caption = [
        _CAPTION,
        *([_HOLLOW] if hollow else []),
        *([_REAL.format(", ".join(sorted(references)))] if references else []),
    ]
    legend = {name: look for name, look in looks.items() if name in drawn}
    return Plot(
        NOISE,
        "Divergences under noise",
        " ".join([*caption, *([_PLAIN] if plain else [])]),
        tuple(panels),
        legend=legend,
    )


def _group(table: Table) -> dict[tuple[str, str], dict[float, int]]:
    """The places of the columns of each divergence and protocol, by level of noise, ascending."""
    found: dict[tuple[str, str], dict[float, int]] = {}
    for place, header in enumerate(table.headers):
        level = level_of(header.column.name)
        if level is not None:
            found.setdefault((level[0], header.protocol), {})[level[1]] = place
    return {key: dict(sorted(places.items())) for key, places in found.items()}


def _make_lines(table: Table, places: Mapping[float, int], looks: Mapping[str, Look]) -> Iterator[_Line]:
    for row in table.of_kind("method", "reference"):
        cells = {s: cell for s, place in places.items() if (cell := _find_measured(row, place)) is not None}
        if cells:
            yield _Line(
                row.label,
                looks.get(row.label) if row.kind == "method" else None,
                np.array(list(cells)),
                np.array([[c.minimum, c.mean, c.maximum] for c in cells.values()], dtype=float).T,
                np.array([c.is_bound for c in cells.values()]),
            )


def _find_measured(row: Row, place: int) -> Cell | None:
    """A figure with a range over seeds: floors have none."""
    cell = row.cells[place]
    return cell if cell is not None and cell.minimum is not None and math.isfinite(cell.mean) else None


def _find_ceiling(table: Table, places: Sequence[int], lower: float) -> float | None:
    """The ceiling, from an estimate below it, whose share of it is known."""
    cells = [cell for row in table.of_kind("method") for place in places if (cell := row.cells[place]) is not None]
    known = [(c.reach, c.mean) for c in cells if c.reach and not c.is_bound]
    if not known:
        return None
    share, mean = max(known)
    return lower + (mean - lower) / share


def _make_panel(title: str, protocol: str, lines: Sequence[_Line], ceiling: float | None, plain: float | None) -> Panel:
    ends = ", ".join(
        f"{line.name} {write_significant(line.band[1, 0], 3)} to {write_significant(line.band[1, -1], 3)}"
        for line in lines
    )
    first, last = lines[0].levels[0], lines[0].levels[-1]
    alt = f"{title} against the level of noise from s = {first:g} to {last:g}: {ends}."
    data = pd.concat(
        pd.DataFrame({"method": line.name, "s": line.levels, "minimum": low, "mean": mean, "maximum": high})
        for line in lines
        for low, mean, high in [line.band]
    )
    return Panel(" · ".join(filter(None, (title, protocol))), partial(_draw, lines, ceiling, plain), alt, data)


def _draw(lines: Sequence[_Line], ceiling: float | None, plain: float | None, axes: Axes) -> None:
    axes.set_xscale("log")
    if ceiling is not None:
        axes.axhline(ceiling, color=SOFT, linewidth=0.9, linestyle=":")
    if plain:
        axes.axvline(plain, color=SOFT, linewidth=0.7)
    for line in lines:
        _draw_line(axes, line)
    axes.margins(x=0.04)
    axes.set_xlabel("s")
    format_axis(axes, "y")
    levels = sorted({float(s) for line in lines for s in line.levels})
    axes.xaxis.set_major_locator(FixedLocator(_thin(levels)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write_tick(value)))


def _draw_line(axes: Axes, line: _Line) -> None:
    low, mean, high = line.band
    if line.look is None:
        axes.plot(line.levels, mean, color=DATA, linestyle="--", linewidth=1.2)
        return
    look = line.look
    axes.fill_between(line.levels, low, high, color=look.colour, alpha=0.16, linewidth=0)
    axes.plot(line.levels, mean, color=look.colour, linestyle=look.line, linewidth=1.5)
    for bound in (False, True):
        chosen = line.bounds == bound
        face = "none" if bound else look.colour
        axes.plot(
            line.levels[chosen], mean[chosen], color=look.colour, linestyle="none", marker=look.marker, markersize=4,
            markerfacecolor=face,
        )  # fmt: skip


def _thin(levels: Sequence[float]) -> list[float]:
    """The levels that have room for a label, from the smallest on."""
    width = math.log(levels[-1] / levels[0]) or 1.0
    kept = [levels[0]]
    for level in levels[1:]:
        if math.log(level / kept[-1]) > _WIDEST_GAP * width:
            kept.append(level)
    return kept


__all__ = ["NOISE", "plot_divergence_curves"]
