"""Published figures stand in our columns only where they are known to belong."""

from __future__ import annotations

from typing import Any

import pytest

from bench.errors import BenchError
from bench.published import PublishedFigure
from bench.reporting.tables.papers import APART, place_published, read_published
from tests.analysis.declared import COLUMNS

STATIC = PublishedFigure(source="p", metric="elbo", value=1.0, binarisation="static")
DYNAMIC = ("elbo", "elbo/2 · binarisation dynamic")
_ENTRY: dict[str, Any] = {"source": "paper", "metric": "fid", "value": 6.8}


def test_an_entry_is_read() -> None:
    entry = _ENTRY | {"dataset": "mnist", "method": "NS-GAN", "spread": "0.5", "note": "recalled"}
    figure = read_published({"published": [entry]})[0]
    assert figure == PublishedFigure(
        source="paper", metric="fid", value=6.8, spread=0.5, dataset="mnist", method="NS-GAN", note="recalled"
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"source": "paper", "value": 1}, "published figure 1 of the suite has no metric"),
        (_ENTRY | {"value": "six"}, "value of published figure 1 of the suite is 'six'"),
        (_ENTRY | {"spread": "±1"}, "spread of published figure 1"),
        (_ENTRY | {"value": float("nan")}, "value of published figure 1 of the suite is nan: expected a number"),
        (_ENTRY | {"extractor": "x"}, "extractor of published figure 1 of the suite is 'x', .*: expected source, "),
        ("fid 6.8", "published figure 1 of the suite is 'fid 6.8'"),
    ],
)
def test_an_incomplete_entry_is_refused(entry: object, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        read_published({"published": [entry]})


def test_no_entries() -> None:
    assert read_published({}) == []
    assert read_published({"published": None}) == []


@pytest.mark.parametrize(
    ("figure", "measured", "place"),
    [
        (PublishedFigure(source="p", metric="elbo", value=1.0), [("elbo", "elbo/1")], ("elbo", "elbo/1")),
        (
            PublishedFigure(source="p", metric="elbo", value=1.0),
            [("elbo", "elbo/1"), ("elbo", "elbo/2")],
            ("elbo", APART),
        ),
        (PublishedFigure(source="p", metric="elbo", value=1.0), [], ("elbo", APART)),
        (PublishedFigure(source="p", metric="fid", value=1.0), [("fid", "fid/1 · digits-cnn")], ("fid", APART)),
        (
            PublishedFigure(source="p", metric="fid", value=1.0),
            [("fid", "fid/1 · inception-v3-fid@1")],
            ("fid", "fid/1 · inception-v3-fid@1"),
        ),
        (
            PublishedFigure(source="p", metric="fid", value=1.0, feature_extractor="digits-cnn"),
            [("fid", "fid/1 · digits-cnn@9")],
            ("fid", "fid/1 · digits-cnn@9"),
        ),
        (STATIC, [DYNAMIC, ("elbo", "elbo/2 · binarisation static")], ("elbo", "elbo/2 · binarisation static")),
        (STATIC, [DYNAMIC], ("elbo", f"{APART}, binarisation static")),
        (STATIC, [("elbo", "elbo/2")], ("elbo", f"{APART}, binarisation static")),
    ],
)
def test_place(figure: PublishedFigure, measured: list[tuple[str, str]], place: tuple[str, str]) -> None:
    assert place_published(figure, measured, COLUMNS) == place
