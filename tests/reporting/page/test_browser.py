"""The page in a browser: nothing is asked of a network, nothing is said on the console, nothing is too wide."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench.reporting import render
from tests.analysis.declared import dictionary
from tests.reporting import large
from tests.reporting.page.browser import BROWSER, browse

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on PATH"),
]
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">"
)
_MEASURE = (
    '<iframe id="page" src="{}" style="width: {}px; height: 900px; border: 0"></iframe><script>onload = () => '
    '{{ const root = document.getElementById("page").contentDocument.documentElement; '
    'document.title = "width " + root.scrollWidth + " of " + root.clientWidth; }};</script>'
)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page on 24 methods with long names."""
    runs, out = large.many_methods(24, 2), tmp_path_factory.mktemp("crowded")
    kept = ["fid", "parzen_log_likelihood", "div_kl", "modes_covered", "train_seconds"]
    few = runs.drop(columns=[
        name for name in runs.columns if runs[name].dtype == "float64" and name not in {*kept, "seed"}
    ])  # fmt: skip
    return render(few, pd.DataFrame(), pd.DataFrame(), {"name": "many"}, out, columns=dictionary())


@pytest.fixture(params=["few", "many"])
def page(request: pytest.FixtureRequest, report: Path, crowded: Path) -> Path:
    return report / "index.html" if request.param == "few" else crowded


def _listen(page: Path, folder: Path, more: str = "") -> list[str]:
    """What the console says of a page that may load nothing but what is in it."""
    strict, shot = folder / "strict.html", folder / "page.png"
    strict.write_text(page.read_text(encoding="utf-8").replace("<title>", f"{_POLICY}{more}<title>"), encoding="utf-8")
    ended = browse(strict.as_uri(), folder, f"--screenshot={shot}", "--window-size=1440,900")
    assert Image.open(shot).size == (1440, 900)
    return [line for line in ended.stderr.splitlines() if "CONSOLE" in line]


def test_nothing_is_said_or_asked_for(page: Path, tmp_path: Path) -> None:
    assert _listen(page, tmp_path) == []


def test_what_is_asked_for_would_be_said(report: Path, tmp_path: Path) -> None:
    """The same check does notice a request."""
    said = _listen(report / "index.html", tmp_path, '<link rel="stylesheet" href="https://example.invalid/a.css">')
    assert any("Content Security Policy" in line for line in said)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_body_does_not_scroll_sideways(page: Path, tmp_path: Path, width: int) -> None:
    holder = tmp_path / "holder.html"
    holder.write_text(_MEASURE.format(page.as_uri(), width), encoding="utf-8")
    ended = browse(
        holder.as_uri(), tmp_path, "--allow-file-access-from-files", "--dump-dom", f"--window-size={width + 60},1000"
    )
    found = re.search(r"width (\d+) of (\d+)", ended.stdout)
    assert found is not None, ended.stderr
    assert int(found[2]) == width
    assert int(found[1]) <= width


def test_dark_mode_is_dark(report: Path, tmp_path: Path) -> None:
    shades = {}
    for name, flags in (("light", ()), ("dark", ("--force-dark-mode", "--blink-settings=preferredColorScheme=0"))):
        shot = tmp_path / f"{name}.png"
        browse(
            (report / "index.html").as_uri(), tmp_path / name, *flags, f"--screenshot={shot}", "--window-size=800,800"
        )
        pixels = np.asarray(Image.open(shot).convert("L"), dtype=float)
        shades[name] = float(np.median(pixels))
    assert shades["light"] > 240
    assert shades["dark"] < 40
