"""The resolved suite reads back to the same runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from bench.models import METHODS
from bench.models.base import Family
from bench.spec import MethodSettings, Settings
from bench.suite import load_suite
from tests.suite.models.test_layers import OVERRIDE, VALUES
from tests.suite.samples import dump_suite, no_data, small_suite


class Part(Settings):
    x: int = 0


class OddSettings(MethodSettings):
    """Settings of kinds that the shipped families lack."""

    weights: dict[str, float] = Field(default_factory=dict)
    part: Part | None = None
    note: str = ""


@pytest.fixture(scope="module", autouse=True)
def odd_family() -> Any:
    METHODS.add("odd", Family("odd", OddSettings, lambda *_: None))  # type: ignore[arg-type, return-value]
    yield
    METHODS._entries.pop("odd")
    METHODS._origins.pop("odd")


TEXT = st.text(
    st.characters(blacklist_categories=("Cc", "Cs", "Cn", "Zl", "Zp"), blacklist_characters="/"), max_size=12
)
NAME = TEXT.filter(lambda name: name.strip())
NUMBER = st.floats(1e-12, 1e12)
PUBLISHED = st.fixed_dictionaries(
    {"source": TEXT, "metric": TEXT, "value": st.floats(allow_nan=False, allow_infinity=False)},
    optional={
        "dataset": st.sampled_from(["ring", "grid"]),
        "method": TEXT,
        "spread": NUMBER,
        "n": st.integers(1, 9),
        "note": TEXT,
        "feature_extractor": TEXT,
        "binarisation": st.sampled_from(["none", "static", "dynamic"]),
    },
)


@st.composite
def odd_overrides(draw: st.DrawFn) -> dict[str, Any]:
    """Overrides of mappings and of parts that may be absent."""
    keys = {
        "weights": st.dictionaries(NAME, NUMBER, max_size=2),
        "part": st.none() | st.just({}) | st.just({"x": 3}),
        "part.x": st.integers(0, 9),
        "note": TEXT,
    }
    where = {"family": "odd"} | draw(st.sampled_from([{}, {"dataset": "ring"}, {"dataset": "grid"}]))
    return {
        "where": where,
        "set": {key: draw(keys[key]) for key in draw(st.lists(st.sampled_from(list(keys)), min_size=1))},
    }


@st.composite
def suites(draw: st.DrawFn) -> dict[str, Any]:
    """Suites with overrides, texts and numbers of many kinds."""
    methods = small_suite()["methods"] | {"odd": {"family": "odd", "weights": {"a": 1.0}}}
    shared = [o for o in draw(st.lists(OVERRIDE, max_size=3)) if not any("network" in key for key in o["set"])]
    return small_suite(
        title=draw(TEXT),
        seeds=draw(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=2, unique=True)),
        datasets=["ring", "grid", {"name": "ring", "radius": draw(NUMBER), "modes": draw(st.integers(2, 9))}],
        methods={draw(NAME.filter(lambda name: name not in methods and len(name) < 60)): {"family": "autoencoder"}}
        | methods,
        training={"lr": draw(NUMBER)},
        overrides=[*shared, *draw(st.lists(odd_overrides(), max_size=4))],
        published=draw(st.lists(PUBLISHED, max_size=2)),
        budgets={"b": draw(VALUES) | {"seeds": 1}},
    )


@settings(max_examples=40, deadline=None)
@given(raw=suites(), budget=st.sampled_from([None, "b"]))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, raw: dict[str, Any], budget: str | None) -> None:
    suite = load_suite(raw, budget=budget)
    path = dump_suite(suite, tmp_path_factory.getbasetemp() / "resolved" / "suite.yaml")
    again = load_suite(path)
    assert again.runs(no_data) == suite.runs(no_data)
    assert [run.run_id for run in again.runs(no_data)] == [run.run_id for run in suite.runs(no_data)]
    assert (again.title, again.metrics, again.published) == (suite.title, suite.metrics, suite.published)
    assert again.to_plain() == suite.to_plain()
    assert load_suite(suite.to_plain()) == load_suite(again.to_plain())


def test_what_is_common_stays_in_the_blocks() -> None:
    raw = small_suite(
        overrides=[{"where": {"dataset": "grid"}, "set": {"training.steps": 7}}], budgets={"b": {"training.steps": 5}}
    )
    assert load_suite(raw, budget="b").to_plain()["overrides"] == []
    resolved = load_suite(raw).to_plain()
    assert resolved["training"]["steps"] == 100
    assert resolved["overrides"] == [
        {"where": {"dataset": "grid", "method": method}, "set": {"training": {"steps": 7}}}
        for method in ("vae", "kl", "js")
    ]


def test_defaults_are_filled_in() -> None:
    resolved = load_suite(small_suite()).to_plain()
    assert resolved["methods"]["kl"]["network"]["critic"] == [128, 128]
    assert resolved["training"]["optimizer"] == "adam"
    assert resolved["seeds"] == [0, 1]
    assert resolved["title"] == "small"


def test_plugins_are_named_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "extra.py").write_text("X = 1\n", encoding="utf-8")
    suite_file = tmp_path / "here" / "x.yaml"
    suite_file.write_text(
        "name: x\nseeds: 1\ndatasets: [ring]\nmethods: {v: {family: vae}}\nmetrics: [fid]\nplugins: [extra.py]\n",
        encoding="utf-8",
    )
    suite = load_suite(suite_file)
    path = dump_suite(suite, tmp_path / "results" / "x" / "suite.yaml")
    assert "../../here/extra.py" in path.read_text(encoding="utf-8")
    assert load_suite(path).plugins == suite.plugins == ((tmp_path / "here" / "extra.py").resolve(),)


def test_a_question_mark_at_the_start_is_read_back(tmp_path: Path) -> None:
    figure = {"source": "? a", "method": "?L", "metric": "?", "value": 1.0}
    suite = load_suite(small_suite(title="?t", methods={"?v": {"family": "vae"}}, published=[figure]))
    assert load_suite(dump_suite(suite, tmp_path / "suite.yaml")).to_plain() == suite.to_plain()
