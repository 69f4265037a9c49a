"""The form of a suite file."""

from __future__ import annotations

import pytest

from bench.suite import PublishedFigure, load_suite
from bench.suite.models.schema import DEFAULT_METRICS, Where
from bench.suite.schema import DatasetEntry, expand_seeds
from tests.suite.samples import small_suite


@pytest.mark.parametrize(
    ("entry", "label"),
    [
        ({"name": "ring"}, "ring"),
        ({"name": "ring", "modes": 12}, "ring(modes=12)"),
        ({"name": "ring", "scale": 0.5, "modes": 12}, "ring(modes=12, scale=0.5)"),
        ({"name": "x", "classes": ["a", "ü"], "grey": True, "kind": "b"}, 'x(classes=["a", "ü"], grey=true, kind=b)'),
    ],
)
def test_labels(entry: dict[str, object], label: str) -> None:
    assert DatasetEntry.model_validate(entry).label == label


def test_conditions() -> None:
    where = Where.model_validate({"dataset": "ring", "family": ["vae", "fgan"]})
    assert where.conditions == {"dataset": ("ring",), "family": ("vae", "fgan")}
    assert where.matches(dataset="ring", method="any", family="fgan")
    assert not where.matches(dataset="grid", method="any", family="fgan")
    assert not where.matches(dataset="ring", method="any", family="autoencoder")
    assert Where().matches(dataset="ring", method="any", family="vae")


def test_seeds() -> None:
    assert expand_seeds(3) == (0, 1, 2)
    assert expand_seeds((5, 3)) == (5, 3)


def test_published_figures() -> None:
    entry = {"source": "A 2016", "dataset": "ring", "method": "kl", "metric": "fid", "value": 3, "spread": 0.5, "n": 10}
    table = {
        "source": "B 2016",
        "metric": "fid",
        "values": {"kl": [416, 5.62], "data": 502, "gan": [305]},
        "note": "recalled",
        "feature_extractor": "digits-classifier",
        "binarisation": "static",
    }
    suite = load_suite(small_suite(published=[entry, table]))
    common = {"source": "B 2016", "metric": "fid", "note": "recalled", "feature_extractor": "digits-classifier"}
    common |= {"binarisation": "static"}
    assert suite.published == (
        PublishedFigure(source="A 2016", dataset="ring", method="kl", metric="fid", value=3.0, spread=0.5, n=10),
        PublishedFigure(**common, method="kl", value=416.0, spread=5.62),
        PublishedFigure(**common, method="data", value=502.0),
        PublishedFigure(**common, method="gan", value=305.0),
    )


def test_defaults() -> None:
    raw = small_suite()
    del raw["metrics"], raw["training"]
    suite = load_suite(raw)
    assert suite.metrics == DEFAULT_METRICS
    assert suite.title == "small"
    assert suite.cells[0].training.steps == 2000
    assert suite.cells[0].resources.gpu == 0


def test_names_in_order() -> None:
    suite = load_suite(small_suite())
    assert [entry.label for entry in suite.datasets] == ["ring", "grid"]
    assert suite.methods == ("vae", "kl", "js")
