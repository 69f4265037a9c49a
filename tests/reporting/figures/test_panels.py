"""Figures: inline for the page, in files for papers, one look per method."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

from bench.reporting.figures.panels import FORMATS, Panel, Plot, draw_inline, save
from bench.reporting.figures.style import INK, assign_looks, shorten, shorten_apart, write_tick

_SVG = "{http://www.w3.org/2000/svg}"


def _plot(title: str = "a") -> Plot:
    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], label=title)
        axes.set_xlabel(f"{title} $not mathematics_")

    panels = tuple(Panel(f"{title}{i}", draw, f'alt "{title}" <{i}> & more') for i in range(3))
    return Plot("test", "A test", "Caption.", panels, legend=assign_looks([title, "b"]))


def test_inline_figures_are_wellformed_and_described() -> None:
    plot = _plot()
    root = ET.fromstring(str(draw_inline(plot, plot.panels[1], "x")))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'alt "a" <1> & more'
    assert "width" not in root.attrib
    assert "viewBox" in root.attrib
    assert "a $not mathematics_" in "".join(root.itertext())


def test_inline_figures_take_the_colours_of_the_page() -> None:
    plot = _plot()
    text = str(draw_inline(plot, plot.panels[0], "x"))
    assert "var(--rule)" in text
    assert INK not in text


def test_ids_of_inline_figures_are_their_own() -> None:
    plot = _plot()
    ids = [
        {e.attrib["id"] for e in ET.fromstring(str(draw_inline(plot, p, p.title))).iter() if "id" in e.attrib}
        for p in plot.panels
    ]
    assert all(ids)
    assert not ids[0] & ids[1]
    assert all(name.startswith("a0-") for name in ids[0])


def test_references_within_inline_figures_resolve() -> None:
    plot = _plot()
    root = ET.fromstring(str(draw_inline(plot, plot.panels[0], "x")))
    ids = {element.attrib.get("id") for element in root.iter()}
    used = {element.attrib["{http://www.w3.org/1999/xlink}href"][1:] for element in root.iter(f"{_SVG}use")}
    assert used
    assert used <= ids


def test_files_are_the_same_for_the_same_input(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save(_plot(), tmp_path / name, "figure")
    for suffix in FORMATS:
        one, two = (tmp_path / name / f"figure.{suffix}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert ET.parse(tmp_path / "one" / "figure.svg").getroot().tag == f"{_SVG}svg"
    assert (tmp_path / "one" / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "one" / "figure.pdf").read_bytes().startswith(b"%PDF")


def test_figures_are_no_wider_than_a_page(tmp_path: Path) -> None:
    plot = replace(_plot(), panels=_plot().panels[:1] * 5, columns=4, size=(2.1, 2.1))
    save(plot, tmp_path, "figure")
    root = ET.parse(tmp_path / "figure.svg").getroot()
    assert float(root.attrib["width"].removesuffix("pt")) / 72 == pytest.approx(3 * 2.1)


def test_the_data_of_a_figure_name_their_panels() -> None:
    plot = _plot()
    assert plot.data is None
    panels = tuple(replace(plot.panels[0], title=name, data=pd.DataFrame({"x": [1.0, 2.0]})) for name in "ab")
    data = replace(plot, panels=panels).data
    assert data is not None
    assert data.to_dict(orient="list") == {"panel": ["a", "a", "b", "b"], "x": [1.0, 2.0, 1.0, 2.0]}


def test_names_without_glyphs_are_drawn_without_warnings(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    missing = save(_plot("\U0001d173\ue000"), tmp_path, "figure")  # a control character and one of private use
    assert [str(warning.message) for warning in recwarn] == []
    assert "\ue000" in missing
    assert save(_plot("a"), tmp_path, "plain") == frozenset()


def test_looks_are_distinct() -> None:
    drawn = assign_looks([f"m{i}" for i in range(28)])
    assert len({(look.colour, look.dashes) for look in drawn.values()}) == 28
    assert len({look.marker for look in list(drawn.values())[:10]}) == 10


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (2000, "2k"), (-1.5e6, "−1.5M"), (0.001, "0.001"), (999.5, "999.5"), (1e-7, "1e−07")],
)
def test_tick_text(value: float, text: str) -> None:
    assert write_tick(value) == text


def test_shortened() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abc…fg"


def test_names_are_cut_around_what_they_differ_by() -> None:
    names = [f"fgan_learning_rate_{i:02}_batch_256_spectral_norm" for i in range(48)]
    made = shorten_apart(names, 20)
    assert len(set(made)) == len(names)
    assert all(len(text) <= 20 for text in made)
    assert made[7] == "fgan_learning_ra…07…"


@given(st.lists(st.text("ab", min_size=1, max_size=40), min_size=1, max_size=48, unique=True))
def test_cut_names_stay_different(names: list[str]) -> None:
    made = shorten_apart(names, 12)
    assert len(set(made)) == len(names)
    assert all(len(text) <= 12 for text in made)


def test_equal_names_are_cut_alike() -> None:
    assert shorten_apart(["abcdefghijkl", "abcdefghijkl", "x"], 8) == ["abcd…jkl", "abcd…jkl", "x"]


def test_places_on_the_page_have_two_digits_and_other_numbers_all() -> None:
    def draw(axes: Axes) -> None:
        axes.plot(np.linspace(0, 1, 50), np.sin(np.arange(50)))

    panel = Panel("a", draw, "last value 0.123456")
    text = draw_inline(Plot("k", "t", "c", (panel,)), panel, "p")
    drawn = re.findall(r' (?:d|x|y)="([^"]*)"', text)
    assert len(drawn) > 10
    assert not [places for places in drawn if re.search(r"\.\d{3}", places)]
    assert 'aria-label="last value 0.123456"' in text
