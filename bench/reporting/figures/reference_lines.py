"""Reference rows in figures: lines across the methods, or where they are too far off, arrows that tell the value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from bench.reporting.figures.style import SOFT, Look
from bench.reporting.tables.cells import Table
from bench.reporting.tables.references import FLOOR
from bench.reporting.text import write_significant

STRIP = 0.5
"""Height of the strip for arrows above the first method, in rows."""
_STRETCH = 1.0
"""A line may stretch the axis to each side by this multiple of what the methods span."""
_DATA_LOOK, _FLOOR_LOOK = Look(SOFT, "", (5, 2.5)), Look(SOFT, "", (1, 1.6))


@dataclass(frozen=True)
class ReferenceLine:
    """A reference row's mean of one metric."""

    label: str
    value: float

    @property
    def look(self) -> Look:
        """Dotted for the floor, dashed for real data."""
        return _FLOOR_LOOK if self.label == FLOOR else _DATA_LOOK

    @property
    def text(self) -> str:
        """Label and value."""
        return f"{self.label} {write_significant(self.value, 3)}"


@dataclass(frozen=True)
class Placement:
    """Which references are drawn as lines, and which are beyond the left or right end of the axis."""

    inside: tuple[ReferenceLine, ...] = ()
    left: tuple[ReferenceLine, ...] = ()
    right: tuple[ReferenceLine, ...] = ()

    @property
    def all(self) -> tuple[ReferenceLine, ...]:
        """All of them."""
        return (*self.inside, *self.left, *self.right)

    @property
    def strip(self) -> float:
        """Height of the strip that the arrows need, in rows."""
        return STRIP if self.left or self.right else 0.0


def find_references(table: Table, metric: str, protocol: str) -> list[ReferenceLine]:
    """The finite means of a table's reference rows in one column.

    Args:
        table: all columns of a dataset, as `building.build` gives them.
        metric: name of the column.
        protocol: its protocol.
    """
    places = [i for i, h in enumerate(table.headers) if (h.column.name, h.protocol) == (metric, protocol)]
    cells = [(row.label, row.cells[place]) for row in table.of_kind("reference") for place in places]
    return [ReferenceLine(label, cell.mean) for label, cell in cells if cell is not None and np.isfinite(cell.mean)]


def make_legend(lines: Iterable[ReferenceLine]) -> dict[str, Look]:
    """How the references are drawn, by label: for a legend outside the axes."""
    return {line.label: line.look for line in lines}


def place_references(lines: Sequence[ReferenceLine], values: np.ndarray, *, logarithmic: bool) -> Placement:
    """Where each reference goes, such that the methods stay apart.

    Args:
        lines: the references.
        values: what the methods have, finite, shape (n,), n ≥ 1; positive if the axis is logarithmic.
        logarithmic: whether the axis is.
    """
    low, high = (_locate(v, logarithmic=logarithmic) for v in (float(values.min()), float(values.max())))
    room = _STRETCH * (high - low) if high > low else np.inf
    where = [(line, _locate(line.value, logarithmic=logarithmic)) for line in lines]
    return Placement(
        tuple(line for line, at in where if low - room <= at <= high + room and np.isfinite(at)),
        tuple(line for line, at in where if at < low - room or at == -np.inf),
        tuple(line for line, at in where if at > high + room),
    )


def draw_references(axes: Axes, where: Placement) -> None:
    """Draw the lines below all else and the arrows above them; the y axis must leave a strip at its upper end."""
    bottom, top = axes.get_ylim()
    end = 1 - where.strip / abs(top - bottom)
    for line in where.inside:
        axes.axvline(line.value, ymax=end, color=line.look.colour, linestyle=line.look.line, linewidth=1.0, zorder=1)
    for lines, side, text in ((where.left, "left", "← {}"), (where.right, "right", "{} →")):
        if lines:
            told = text.format(", ".join(line.text for line in lines))
            axes.annotate(
                told, (0.0 if side == "left" else 1.0, 1.0), xycoords="axes fraction", ha=side, va="top",
                fontsize=7.5, color=SOFT,
            )  # fmt: skip


def _locate(value: float, *, logarithmic: bool) -> float:
    """Where a value is along the axis; −∞ for one that a logarithmic axis cannot show."""
    if not logarithmic:
        return value
    return float(np.log10(value)) if value > 0 else -np.inf


__all__ = [
    "STRIP",
    "Placement",
    "ReferenceLine",
    "draw_references",
    "find_references",
    "make_legend",
    "place_references",
]
