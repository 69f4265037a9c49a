"""How figures look: one colour, marker and line per method throughout a report, and matplotlib's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.font_manager import get_font_names
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
_FALLBACKS = (
    "Noto Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Micro Hei", "Source Han Sans", "Noto Sans Arabic",
    "Noto Sans Devanagari", "Noto Sans Hebrew", "Noto Sans Thai", "PingFang SC", "Hiragino Sans", "Microsoft YaHei",
    "Yu Gothic", "Malgun Gothic", "Arial Unicode MS",
)  # fmt: skip
"""Fonts for scripts that DejaVu Sans lacks: taken where they are installed."""
_SETTINGS: dict[Any, Any] = {
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
    "pdf.fonttype": 42,
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
    installed = set(get_font_names())
    families = ["sans-serif", *(name for name in _FALLBACKS if name in installed)]
    with mpl.rc_context({**_SETTINGS, "font.family": families, "svg.hashsalt": salt}):
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
    """`name` cut to `length` characters, with an ellipsis in the middle if cut: names differ at their ends."""
    if len(name) <= length:
        return name
    head = length // 2
    return f"{name[:head]}…{name[len(name) - (length - 1 - head) :]}"


def shorten_apart(names: Sequence[str], length: int = 24) -> list[str]:
    """Names cut to `length` characters each, such that different names stay different.

    Names that are alike when cut are cut around the part that they differ by; where that does not tell them apart
    either, they are numbered.

    Args:
        names: the names, in order; equal ones are cut alike.
        length: the most characters of each; at least 8.
    """
    texts = {name: shorten(name, length) for name in names}
    for alike in _find_alike(texts):
        texts |= _cut_around(alike, length)
    left = [name for alike in _find_alike(texts) for name in alike]
    texts |= {name: f"{shorten(name, length - 1 - len(str(i)))}#{i}" for i, name in enumerate(left, start=1)}
    return [texts[name] for name in names]


def _find_alike(texts: Mapping[str, str]) -> list[list[str]]:
    """Names that share a text with others, by text."""
    groups: dict[str, list[str]] = {}
    for name, text in texts.items():
        groups.setdefault(text, []).append(name)
    return [own for own in groups.values() if len(own) > 1]


def _cut_around(names: Sequence[str], length: int) -> dict[str, str]:
    """What lies between the common beginning and end of the names, with as much before it as there is room for."""
    start = _count_common(names)
    end = min(_count_common([name[::-1] for name in names]), min(map(len, names)) - start)
    differing = {name: name[start : len(name) - end] for name in names}
    room = length - 2 - max(map(len, differing.values()))
    if room < 0:
        return {name: shorten(f"…{part}", length) for name, part in differing.items()}
    return {name: f"{name[: min(room, start)]}…{part}{'…' if end else ''}" for name, part in differing.items()}


def _count_common(names: Sequence[str]) -> int:
    """Characters that all names begin with."""
    columns = enumerate(zip(*names, strict=False))
    return next((place for place, column in columns if len(set(column)) > 1), min(map(len, names)))


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
    "shorten_apart",
    "use_drawing_settings",
    "write_tick",
]
