"""The page: self-contained, accessible, escaped, complete."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from bench.analysis import pictured_runs
from bench.errors import BenchError, ReportWarning
from bench.reporting import render
from bench.reporting.page.failures import MOST
from bench.reporting.page.writing import mark_code
from tests.analysis.declared import dictionary
from tests.analysis.frames import frame
from tests.reporting import large, synthetic

_LOADING = {"src", "srcset", "href", "xlink:href", "data", "action", "poster", "background"}
_SHARES = ["precision", "recall", "coverage", "parzen_log_likelihood"]
_HOSTILE = "<script>alert(1)</script> & 100 % _x_ \u03b2 $"


class _Page(HTMLParser):
    """Elements of a page as (tag, attributes), and its text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.source = page.read_text(encoding="utf-8")
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def loads(self) -> Iterator[str]:
        for _, attributes in self.elements:
            yield from (value for name, value in attributes.items() if name in _LOADING)
            yield from re.findall(r"url\(([^)]*)\)", attributes.get("style", "") + attributes.get("clip-path", ""))
        yield from re.findall(r"@import|url\(([^)]*)\)", self.source[: self.source.index("</style>")])

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))


@pytest.fixture(scope="module")
def page(report: Path) -> _Page:
    return _Page(report / "index.html")


def _small(tmp_path: Path, runs: pd.DataFrame, **suite: object) -> Path:
    return render(
        runs, pd.DataFrame(), pd.DataFrame(), synthetic.suite() | suite, tmp_path / "small", columns=dictionary()
    )


def _slim(runs: pd.DataFrame) -> pd.DataFrame:
    """The same runs with fewer figures: faster to draw."""
    drawn = ("div_", "training_", "mode", "precision", "recall", "coverage", "parzen")
    return runs.drop(columns=[name for name in runs.columns if name.startswith(drawn)])


def test_nothing_is_loaded_from_elsewhere(page: _Page, report: Path) -> None:
    loads = list(page.loads())
    assert loads
    for target in loads:
        inside = target.startswith(("#", "data:image/png;base64,"))
        assert inside or (report / target).is_file(), target
    assert all(script == {} for script in page.all("script"))  # no src, and the browser's tests allow no request
    assert not page.all("link")


def test_links_within_the_page_lead_somewhere(page: _Page) -> None:
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert max(ids.values()) == 1
    targets = {a["href"][1:] for a in page.all("a") if a.get("href", "").startswith("#")}
    assert {"ring", "digits", "ring-curves", "failures", "columns", "settings", "provenance"} <= targets
    assert targets <= ids.keys()
    assert {value for _, a in page.elements for value in a.get("aria-labelledby", "").split()} <= ids.keys()


def test_tables_and_figures_are_accessible(page: _Page) -> None:
    assert len(page.all("table")) == len(page.all("caption")) > 0
    assert all(a.get("scope") in {"col", "row", "colgroup", "rowgroup"} for a in page.all("th"))
    figures = [a for a in page.all("svg") if a.get("role") == "img"]
    assert len(figures) > 20
    assert all(a["aria-label"] for a in figures)
    assert all(a.get("role") == "img" or a.get("aria-hidden") == "true" for a in page.all("svg"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.all("html")[0]["lang"] == "en"


def test_what_was_run_is_told(page: _Page) -> None:
    assert synthetic.suite()["title"] in page.text
    assert "26 of 30 runs finished, 1 diverged, 1 failed, 2 not run" in page.text
    assert "2/31 diverged" in page.text
    assert "loss became NaN at step 412" in page.text
    assert "Published: PacGAN paper, table 1" in page.text
    assert '"batch_size": 256' in page.text
    assert "4f9c2d1be0" in page.text


def test_figures_of_the_table_are_those_of_the_frame(page: _Page, runs: pd.DataFrame) -> None:
    values = runs[(runs["dataset"] == "digits") & (runs["method"] == "gan")]["fid"]
    assert f"{values.mean():.2f} ± {values.std():.2f}" in page.text


def test_references_stand_apart(page: _Page) -> None:
    """In a group of their own under the methods, in every table that has figures of theirs."""
    kinds = [a.get("class") for a in page.all("tbody") if a.get("class")]
    assert kinds.count("reference") > 6
    assert all(before == "method" for before, kind in pairwise(kinds) if kind == "reference")
    assert all(before != "published" for before, kind in pairwise(kinds) if kind == "reference")
    bodies = re.findall(r'<tbody class="reference">(.*?)</tbody>', page.source, re.DOTALL)
    assert all("Reference</span>" in body and "best" not in body for body in bodies)
    assert any("real data" in body for body in bodies)
    assert sum("floor" in body for body in bodies) > 6
    seeds = r"<td class=\"seeds\" data-value=\"3\"><span>3/3</span>"
    assert re.search(rf"real data</span></span></th>\s*{seeds}", page.source)
    assert "Reference rows stand apart and compete with no method" in page.text


def test_references_are_drawn_with_a_legend(page: _Page) -> None:
    legend = re.findall(r'<ul class="legend".*?</ul>', page.source, re.DOTALL)
    assert sum("real data" in text and "floor" in text for text in legend) == len(synthetic.DATASETS)
    assert "For reference: real data" in "".join(a.get("aria-label", "") for a in page.all("svg"))


def test_the_heat_maps_compare_methods_only(page: _Page) -> None:
    maps = [a["aria-label"] for a in page.all("svg") if a.get("aria-label", "").startswith("Heat map")]
    assert len(maps) == 3
    assert all(re.search(r"Heat map, [45] methods", text) for text in maps)


def test_every_group_of_metrics_has_its_columns(page: _Page) -> None:
    heads = "".join(page.texts)
    assert all(name in heads for name in ("Likelihood", "Features", "Modes", "Divergences"))
    assert all(name in heads for name in ("IW bound", "Active units", "FID∞", "KID", "Recall", "Density", "Coverage"))
    assert not [name for name in ("Modes n", "Parzen n", "Feature size", "Bandwidth") if name in heads]


def test_every_table_and_figure_is_also_a_file(report: Path) -> None:
    tables = {path.name for path in (report / "tables").iterdir()}
    named = {
        "ring": ("", "-pairs", "-published", "-train-test", "-train-test-exact", "-gap"),
        "digits": ("", "-pairs", "-train-test", "-gap"),
        "answer": ("",),
        "over-datasets": ("-parzen_log_likelihood", "-div_kl", "-fid"),
        "cost": ("", "-success"),
    }
    expected = {f"{d}{kind}.{s}" for d, kinds in named.items() for kind in kinds for s in ("csv", "md", "tex")}
    assert tables == {"summary.csv", "failures.csv"} | expected
    kinds = ("comparison", "samples", "train-test", "curves")
    expected = {f"{d}-{kind}" for d in synthetic.DATASETS for kind in kinds} | {"ring-train-test-exact", "ring-gap"}
    expected |= {"answer-trade-off"}
    figures = {path.name for path in (report / "figures").iterdir()}
    own = expected - {name for name in expected if "train-test" in name or name.endswith("-gap")} - {"digits-samples"}
    assert figures == {f"{name}.{s}" for name in expected for s in ("svg", "png", "pdf")} | {f"{n}.csv" for n in own}
    assert not list(report.glob(".draft-*"))


def test_the_opening_table_leaves_out_what_stands_below(report: Path) -> None:
    text = (report / "tables" / "ring.md").read_text(encoding="utf-8")
    assert "FID" in text
    assert not [word for word in ("KL(P", "Training bound", "Jeffreys") if word in text]
    columns = pd.read_csv(report / "tables" / "ring.csv").columns
    assert {"fid_mean", "div_kl_mean", "div_kl_exact_mean", "training_bound_mean"} <= set(columns)


def test_the_matrix_and_the_gap_are_told(page: _Page) -> None:
    assert {"ring-train-test", "ring-train-test-exact", "ring-gap", "digits-gap"} <= {
        attributes.get("id") for _, attributes in page.elements
    }
    assert "Here it is so in" in page.text
    assert "Not comparable: the estimates are of the spread divergence" in page.text
    own = [a for a in page.all("td") if "own" in a.get("class", "").split()]
    # Per dataset four methods on the diagonal of the matrix, on the ring again in the exact one; two published figures.
    assert len(own) == 4 + 4 + 4 + 2
    assert page.text.count("(trained on this)") == len(own)


def test_without_fgans_there_is_no_gap(tmp_path: Path, runs: pd.DataFrame) -> None:
    few = runs[(runs["dataset"] == "ring") & (runs["method"] == "vae")]
    path = _small(tmp_path, few, datasets=["ring"], methods={"vae": {}}, published=[])
    page = _Page(path)
    assert "ring-gap" not in {attributes.get("id") for _, attributes in page.elements}
    assert "divergences estimated after training" in page.text
    assert not [a for a in page.all("td") if {"own", "aside"} & set(a.get("class", "").split())]
    assert not list((path.parent / "tables").glob("*-gap*"))


def test_figures_that_are_all_divergences_need_no_opening_table(tmp_path: Path) -> None:
    rows = [{"method": m, "div_kl": v, "div_js": v} for m, v in (("a", 1.0), ("b", 2.0))]
    path = _small(tmp_path, frame(rows), datasets=["ring"], methods={}, published=[])
    assert "no figures yet" not in _Page(path).text
    assert {p.name for p in (path.parent / "tables").glob("ring.*")} == {"ring.csv"}


def test_a_suite_of_an_unknown_kind_is_refused(tmp_path: Path, runs: pd.DataFrame) -> None:
    with pytest.raises(BenchError, match=r"cannot report on a suite of kind 'surprise': expected one of .*methods"):
        _small(tmp_path, runs, kind="surprise")


def test_the_same_input_gives_the_same_page(tmp_path: Path, runs: pd.DataFrame) -> None:
    few = runs[(runs["dataset"] == "ring") & runs["method"].isin(["vae", "kl"])].drop(columns=["fid", *_SHARES])
    pages = [_small(tmp_path / name, few, datasets=["ring"]).read_bytes() for name in ("one", "two")]
    assert pages[0] == pages[1]


def test_no_runs_are_told(tmp_path: Path) -> None:
    page = _Page(_small(tmp_path, pd.DataFrame()))
    assert "There are no results yet" in page.text
    assert "0/33 not run" in page.text
    bare = render(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), {}, tmp_path / "bare", columns=dictionary())
    assert "There are no results yet" in _Page(bare).text


def test_notes_of_the_suite_and_its_budget_are_told(tmp_path: Path, runs: pd.DataFrame) -> None:
    told = {
        "notes": ["The order agrees.", "<b>The level</b> does not."],
        "budget_note": "Budget cpu: 5 % of the steps.",
    }
    report = _small(tmp_path, _slim(runs), **told).parent
    text = (report / "index.html").read_text(encoding="utf-8")
    assert text.index("The order agrees.") < text.index("&lt;b&gt;The level&lt;/b&gt; does not.") < text.index("<table")
    for suffix in ("md", "tex"):
        assert "Budget cpu: 5" in (report / "tables" / f"ring.{suffix}").read_text(encoding="utf-8")


def test_runs_that_all_failed_are_told(tmp_path: Path, runs: pd.DataFrame) -> None:
    page = _Page(_small(tmp_path, runs[runs["status"] != "done"], published=[]))
    assert "There are no results yet" in page.text
    assert "CUDA error: device-side assert triggered" in page.text


def test_names_are_shown_and_not_interpreted(tmp_path: Path, runs: pd.DataFrame) -> None:
    few = runs.drop(columns=["fid", "modes_covered", "mode_kl", "div_js", "div_reverse_kl", *_SHARES])
    few = few[few["dataset"] == "ring"].replace({"method": {"gan": _HOSTILE}, "dataset": {"ring": "a/../b <i>"}})
    few.loc[few["status"] == "diverged", "error"] = f"Traceback:\n{_HOSTILE}"
    path = _small(tmp_path, few, title=_HOSTILE, datasets=["a/../b <i>"], methods={}, published=[])
    page = _Page(path)
    assert page.all("script") == [{}]  # its own
    assert not page.all("i")
    assert page.text.count(_HOSTILE) >= 4
    assert {p.name for p in (path.parent / "tables").iterdir()} >= {"a-..-b-i.csv", "a-..-b-i.tex"}


def test_names_that_no_font_has_are_told_once(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    rows = [
        {"method": m, "seed": s, "fid": 1.0 + s, "kid": 2.0, "mode_kl": 1.0} for m in ("\ue000", "b") for s in range(2)
    ]
    path = _small(tmp_path, frame(rows), datasets=["ring"], methods={}, published=[])
    (warning,) = recwarn
    assert warning.category is ReportWarning
    assert "found \ue000, which no installed font has" in str(warning.message)
    assert "\ue000" in _Page(path).text


def test_two_extractors_do_not_share_a_column(tmp_path: Path, runs: pd.DataFrame) -> None:
    few = _slim(runs)[runs["dataset"] == "digits"].copy()
    few.loc[few["method"] == "gan", "feature_extractor"] = "inception-v3-fid"
    page = _Page(_small(tmp_path, few, datasets=["digits"], published=[]))
    assert "fid/1 · digits-cnn sha256:3f1d0c77 · as they are · against test · n = 500" in page.text
    assert "fid/1 · inception-v3-fid" in page.text


def test_datasets_whose_names_clash_as_files_are_kept_apart(tmp_path: Path, runs: pd.DataFrame) -> None:
    few = _slim(runs)[runs["status"] == "done"].replace({"dataset": {"ring": "A b", "digits": "a/B"}})
    path = _small(tmp_path, few, datasets=[], methods={}, published=[])
    files = {p.stem for p in (path.parent / "tables").glob("*.csv")}
    assert {name for name in files if "b" in name.casefold() and "-" in name} >= {
        "A-b",
        "A-b-pairs",
        "a-B-2",
        "a-B-2-pairs",
    }


def test_a_wrong_frame_leaves_the_old_report(tmp_path: Path, runs: pd.DataFrame) -> None:
    path = _small(tmp_path, pd.DataFrame())
    before = path.read_bytes()
    with pytest.raises(BenchError, match="lacks status"):
        _small(tmp_path, runs.drop(columns="status"))
    assert path.read_bytes() == before


@pytest.mark.nightly
def test_the_page_of_two_thousand_runs_is_small(tmp_path: Path) -> None:
    runs = large.runs(200)
    pictures = synthetic.pictures(runs[runs["run_id"].isin(pictured_runs(runs))])
    path = render(runs, large.curves(runs), pictures, synthetic.suite(), tmp_path, columns=dictionary())
    assert path.stat().st_size < 2e6
    failed = int((runs["status"] == "failed").sum())
    assert len(pd.read_csv(tmp_path / "tables" / "failures.csv")) == failed > MOST
    assert f"{MOST} of {failed} are shown" in _Page(path).text


@pytest.mark.nightly
def test_the_page_of_fifty_methods_is_small(tmp_path: Path) -> None:
    """500 runs, whose curves alone are 30,000 points in print."""
    runs = large.many_methods(50, 5, 2)
    path = render(runs, large.curves(runs), pd.DataFrame(), {"name": "many"}, tmp_path, columns=dictionary())
    assert len(runs) == 500
    assert path.stat().st_size < 5e6


def test_without_declarations_there_is_a_report_too(tmp_path: Path, runs: pd.DataFrame) -> None:
    few = _slim(runs)[runs["dataset"] == "digits"]
    path = render(few, pd.DataFrame(), pd.DataFrame(), {"datasets": ["digits"]}, tmp_path)
    page = _Page(path)
    assert "Metric of the user's; no better end is known." in page.text
    assert not [a for a in page.all("td") if "best" in a.get("class", "").split()]
    assert "seed_mean" not in pd.read_csv(tmp_path / "tables" / "digits.csv").columns


def test_what_stands_between_backticks_is_code() -> None:
    assert mark_code("by `bench run <suite>`; a ` alone & <b>") == (
        "by <code>bench run &lt;suite&gt;</code>; a ` alone &amp; &lt;b&gt;"
    )
