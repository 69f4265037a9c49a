"""How figures look: one colour, marker and line per method throughout a report, and matplotlib's settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

INK = "#1f2429"
SOFT = "#6a737d"
RULE = "#d5dae0"
CARD = "#fefefe"
DATA = "#8d969f"
FRAME = "#d55e00"
MOST_DOTS = 60
"""Seeds of a method up to which each of them is drawn; beyond, figures show how they are spread."""
_PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#9467bd")
"""Okabe and Ito's colours without black and yellow, which one of the two backgrounds swallows, and a violet."""
_DASHES: tuple[tuple[float, ...], ...] = ((), (4, 1.5), (1.2, 1.2), (5, 1.5, 1.2, 1.5))
_GLYPHS = dict(zip("osD^vPX<>p", "●■◆▲▼✚✖◀▶⬟", strict=True))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
_SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
    "font.size": 9,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "axes.formatter.useoffset": False,
    "figure.facecolor": "none",
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Look:
    """How one method is drawn."""

    colour: str
    marker: str
    dashes: tuple[float, ...]

    @property
    def glyph(self) -> str:
        """The marker as a character; empty for a line without one."""
        return _GLYPHS.get(self.marker, "")

    @property
    def line(self) -> tuple[float, tuple[float, ...]] | Literal["solid"]:
        """The line style as matplotlib takes it."""
        return (0, self.dashes) if self.dashes else "solid"


def assign_looks(methods: Sequence[str]) -> dict[str, Look]:
    """A look for every method, by position: colours first, then other lines; markers differ up to ten methods."""
    return {
        method: Look(
            _PALETTE[i % len(_PALETTE)], _MARKERS[i % len(_MARKERS)], _DASHES[i // len(_PALETTE) % len(_DASHES)]
        )
        for i, method in enumerate(methods)
    }


@contextmanager
def use_drawing_settings(salt: str) -> Iterator[None]:
    """Matplotlib's settings for drawing and saving; `salt` makes the ids in an SVG its own, and always the same."""
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": salt}):
        yield


def format_axis(axes: Axes, which: str, *, logarithmic: bool = False, whole: bool = False) -> None:
    """Few, plain tick labels on the x or y axis; `whole` for counts."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if not logarithmic:
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], integer=whole))
        axis.set_major_formatter(FuncFormatter(lambda value, _: write_tick(value)))
        return
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis.set_major_locator(LogLocator(numticks=5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: write_tick(value)))
    axis.set_minor_formatter(NullFormatter())


def write_tick(value: float) -> str:
    """A tick label: 2k for 2000, 1.5M for 1,500,000, 0.001, 1e−06; never an offset."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size <= abs(value) < 1000 * size:
            return f"{value / size:.6g}{suffix}".replace("-", "−")
    return f"{value:.6g}".replace("-", "−")


def shorten(name: str, length: int = 24) -> str:
    """`name` cut to `length` characters, with an ellipsis if cut."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


__all__ = [
    "CARD",
    "DATA",
    "FRAME",
    "INK",
    "MOST_DOTS",
    "RULE",
    "SOFT",
    "Look",
    "assign_looks",
    "format_axis",
    "shorten",
    "use_drawing_settings",
    "write_tick",
]
