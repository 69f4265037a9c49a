"""A figure as panels that draw themselves: inline for the page, one by one; together in files for papers."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path

import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.reporting.figures.style import CARD, INK, RULE, SOFT, Look, shorten, shorten_apart, use_drawing_settings

FORMATS = ("svg", "png", "pdf")
"""What figures are written as."""
_LEGEND_WIDTH = 1.3  # inches for a name
_PAGE_WIDTH = 7.0  # inches of text in two columns
_METADATA: dict[str, dict[str, None]] = {
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "png": {"Software": None},
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
}
"""What would differ from one day or version to the next."""
_DPI, _SVG_DPI = 200, 72
_PAGE_COLOURS = {INK: "currentColor", SOFT: "var(--soft)", RULE: "var(--rule)", CARD: "var(--card)"}
_MISSING = re.compile(r"Glyph (\d+) .* missing")
_PLACES = re.compile(r'(?<= )(?:d|x|y|points)="[^"]*"')
_DIGITS = re.compile(r"(\.\d\d)\d+|\s+(?=[A-Z])")
_REFERENCE = re.compile(r'(\bid="|href="#|url\(#)')


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        title: printed above it.
        draw: draws into the axes.
        alt: what a reader who cannot see it is told.
        data: the figures that are drawn; None where they are those of a table beside it, or pictures.
    """

    title: str
    draw: Callable[[Axes], None]
    alt: str
    data: pd.DataFrame | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Plot:
    """One figure of the report.

    Attributes:
        kind: what it shows, in one word: the end of its files' names.
        title: its heading.
        caption: how to read it.
        panels: its panels, in reading order.
        size: width and height of a panel in inches.
        columns: panels side by side in the files, as far as a page's width holds them.
        legend: methods and how they are drawn; empty where the panels' titles name them.
        lines: whether methods are drawn as lines, and their legend too.
    """

    kind: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    size: tuple[float, float] = (3.5, 2.5)
    columns: int = 3
    legend: dict[str, Look] = field(default_factory=dict)
    lines: bool = True

    @cached_property
    def data(self) -> pd.DataFrame | None:
        """What its panels draw, the panel's title in the column `panel`; None where there are no such figures."""
        frames = {panel.title: panel.data for panel in self.panels if panel.data is not None}
        if not frames:
            return None
        return pd.concat(frames, names=["panel"]).reset_index(level="panel").reset_index(drop=True)


def draw_inline(plot: Plot, panel: Panel, name: str) -> Markup:
    """One panel as an SVG element whose text and rules take the page's colours, so that it is legible on any of them.

    Args:
        plot: the figure.
        panel: one of its panels.
        name: prefix of all ids in the element, its own in the page.
    """
    with use_drawing_settings(name):
        figure = Figure(figsize=plot.size, layout="constrained")
        panel.draw(figure.add_subplot())
        _lay_out(figure)
        with _collect_missing_glyphs():
            text = _save_as("svg", figure, transparent=True).decode()
    text = text[text.index("<svg") :]
    text = _REFERENCE.sub(lambda match: f"{match[0]}{name}-", text)
    for drawn, shown in _PAGE_COLOURS.items():
        text = text.replace(drawn, shown)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = _PLACES.sub(lambda match: _DIGITS.sub(r"\1", match[0]), text)  # hundredths of a point do
    text = re.sub(r"\s*<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    return Markup(text.replace("<svg", f'<svg role="img" aria-label="{escape(panel.alt)}"', 1))


def save(plot: Plot, folder: Path, name: str) -> frozenset[str]:
    """Write the whole figure on white as `<name>.svg`, `<name>.png` and `<name>.pdf`, no wider than a page's text.

    Returns:
        The characters that no installed font has: boxes in the PNG file.
    """
    width, height = plot.size
    columns = min(plot.columns, len(plot.panels), max(1, int(_PAGE_WIDTH / width)))
    rows = math.ceil(len(plot.panels) / columns)
    beside = max(1, min(6, int(width * columns / _LEGEND_WIDTH), len(plot.legend)))
    legend_height = 0.3 * math.ceil(len(plot.legend) / beside)
    with use_drawing_settings(name):
        figure = Figure(figsize=(width * columns, (height + 0.2) * rows + legend_height), layout="constrained")
        for position, panel in enumerate(plot.panels, start=1):
            axes = figure.add_subplot(rows, columns, position)
            panel.draw(axes)
            axes.set_title(shorten(panel.title, 48))
        if plot.legend:
            figure.legend(handles=_make_handles(plot), loc="outside upper left", ncols=beside)
        _lay_out(figure)
        with _collect_missing_glyphs() as missing:
            for suffix in FORMATS:
                (folder / f"{name}.{suffix}").write_bytes(_save_as(suffix, figure, transparent=False))
    return frozenset(missing)


def _make_handles(plot: Plot) -> list[Line2D]:
    return [
        Line2D(
            [], [], color=look.colour, linestyle=look.line if plot.lines else "none", marker=look.marker, markersize=4,
            label=label,
        )
        for label, look in zip(shorten_apart(list(plot.legend)), plot.legend.values(), strict=True)
    ]  # fmt: skip


def _lay_out(figure: Figure) -> None:
    """Find the layout once and for all: `savefig` would draw everything for it, each time."""
    FigureCanvasSVG(figure)
    figure.set_dpi(_SVG_DPI)
    engine = figure.get_layout_engine()
    if engine is not None:
        with _collect_missing_glyphs():
            engine.execute(figure)
        figure.set_layout_engine("none")


@contextmanager
def _collect_missing_glyphs() -> Iterator[set[str]]:
    """The characters that the fonts lack, once left, in place of a warning for each; what shows the page has others."""
    missing: set[str] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield missing
    for warning in caught:
        found = _MISSING.match(str(warning.message))
        if found is None:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        else:
            missing.add(chr(int(found[1])))


def _save_as(suffix: str, figure: Figure, *, transparent: bool) -> bytes:
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    background = "none" if transparent else "white"
    figure.savefig(buffer, format=suffix, dpi=_DPI, facecolor=background, metadata=_METADATA[suffix])
    return buffer.getvalue()


__all__ = ["FORMATS", "Panel", "Plot", "draw_inline", "save"]
