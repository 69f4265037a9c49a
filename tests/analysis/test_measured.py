"""Which columns hold figures, and by what these were measured."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from bench.analysis.measured import describe_protocol, list_metrics, read_numbers
from bench.analysis.statistics import summarise
from bench.analysis.variants import identify_runs
from bench.column import Column, Columns
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame


def test_two_feature_extractors_never_share_a_figure() -> None:
    rows = [{"fid": 1.0, "feature_extractor": "a"}, {"fid": 3.0, "feature_extractor": "a"}]
    rows += [{"fid": 100.0, "feature_extractor": "b"}]
    summary = summarise(frame(rows), COLUMNS).set_index("protocol")
    assert summary["mean"].to_dict() == {"a": 2.0, "b": 100.0}


def test_two_sample_sizes_never_share_a_figure() -> None:
    summary = summarise(frame([{"fid": 1.0, "fid_n": 1000}, {"fid": 3.0, "fid_n": 10000}]), COLUMNS).set_index(
        "protocol"
    )
    assert summary["mean"].to_dict() == {"n = 1000": 1.0, "n = 10000": 3.0}


@pytest.mark.parametrize(
    ("column", "label", "told"),
    [
        ("kid", "feature_extractor", "{}"), ("coverage", "feature_rule", "{}"), ("fid", "feature_split", "against {}"),
         ("mode_kl", "mode_classifier", "{}"),
        ("elbo", "binarisation", "binarisation {}"), ("log_likelihood_iw", "binarisation", "binarisation {}"),
        ("active_units", "binarisation", "binarisation {}"),
    ],
)  # fmt: skip
def test_two_labels_never_share_a_figure(column: str, label: str, told: str) -> None:
    rows = [{column: 1.0, label: "a"}, {column: 3.0, label: "b"}, {column: 5.0, label: None}]
    summary = summarise(frame(rows), COLUMNS).set_index("protocol")
    assert summary["mean"].to_dict() == {told.format("a"): 1.0, told.format("b"): 3.0, "": 5.0}


@pytest.mark.parametrize(
    ("column", "setting", "letter"),
    [
        ("log_likelihood_iw", "importance_samples", "K"), ("kid", "kid_n", "n"), ("fid", "fid_n", "n"),
        ("fid_infinity", "fid_n", "n"),
        ("mode_kl", "mode_n", "n"), ("parzen_log_likelihood", "parzen_n", "n"), ("div_kl", "divergence_n", "n"),
    ],
)  # fmt: skip
def test_two_settings_never_share_a_figure(column: str, setting: str, letter: str) -> None:
    summary = summarise(frame([{column: 1.0, setting: 10.0}, {column: 3.0, setting: 100.0}]), COLUMNS)
    mine = summary[summary["metric"] == column].set_index("protocol")
    assert mine["mean"].to_dict() == {f"{letter} = 10": 1.0, f"{letter} = 100": 3.0}


def test_other_columns_ignore_the_extractor() -> None:
    rows = [{"elbo": 1.0, "feature_extractor": "a"}, {"elbo": 3.0, "feature_extractor": "b"}]
    assert summarise(frame(rows), COLUMNS)["n"].tolist() == [2]


@pytest.mark.parametrize(
    ("column", "protocol"),
    [("fid", "protocol_fid"), ("kl_term", "protocol_elbo"), ("mode_kl", "protocol_mode_coverage"),
     ("div_js", "protocol_divergences"), ("mine", "protocol_mine"), ("mine", "protocol_of_a_plugin")],
)  # fmt: skip
def test_two_versions_of_a_protocol_never_share_a_figure(column: str, protocol: str) -> None:
    rows = [{column: 1.0, protocol: "p/1"}, {column: 3.0, protocol: "p/2"}]
    assert summarise(frame(rows), COLUMNS).set_index("protocol")["mean"].to_dict() == {"p/1": 1.0, "p/2": 3.0}


def test_an_unknown_metric_does_not_take_the_protocol_of_a_known_one() -> None:
    rows = [{"mine": 1.0, "fid": 1.0, "protocol_fid": "fid/1"}, {"mine": 3.0, "fid": 2.0, "protocol_fid": "fid/2"}]
    runs = identify_runs(frame(rows))
    assert describe_protocol(runs, "mine", COLUMNS).tolist() == ["", ""]
    assert describe_protocol(runs, "fid", COLUMNS).tolist() == ["fid/1", "fid/2"]


def test_metric_columns_are_those_with_numbers() -> None:
    runs = frame(
        [
            {
                "fid": 1.0,
                "fid_se": 0.1,
                "fid_n": 9,
                "elbo": None,
                "git_dirty": True,
                "mine_se": 2.0,
                "label": "x",
                "steps": 3,
            }
        ]
    )
    assert list_metrics(runs, COLUMNS) == ["fid", "mine_se"]


def test_what_is_declared_as_no_figure_is_none() -> None:
    runs = frame([{"fid": 1.0, "torch": 2.1, "steps": 5, "training.lr": 0.1}])
    columns = Columns.of([*COLUMNS.values(), Column("training.lr", "lr", "", role="setting")])
    assert list_metrics(runs, columns) == ["fid"]
    assert list_metrics(runs, Columns()) == ["fid", "torch", "training.lr"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], [1.0, 2.0]), ([1, None], [1.0, None]), (pd.array([1, None], "Int64"), [1.0, None]),
        (pd.array([True, False], "boolean"), [None, None]), (["a", None], [None, None]), ([1.5, "a"], [None, None]),
        (pd.Series([None, 2.5], dtype=object), [None, 2.5]), (pd.Categorical(["a", "b"]), [None, None]),
        (pd.to_datetime(["2026-01-01", None]), [None, None]), ([None, None], [None, None]),
    ],
)  # fmt: skip
def test_numbers(values: Any, expected: list[float | None]) -> None:
    made = read_numbers(pd.Series(values))
    assert made.dtype == "float64"
    assert [None if pd.isna(value) else value for value in made] == expected
