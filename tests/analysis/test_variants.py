"""What must not be averaged is kept apart."""

from __future__ import annotations

import json
import time
from typing import Any

import pandas as pd
import pytest

from bench.analysis.measured import metric_columns, protocol_of
from bench.analysis.statistics import summarise
from bench.analysis.variants import identified, variant_labels
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame


def _configured(steps: list[int], **more: list[Any]) -> pd.DataFrame:
    rows = [
        {
            "fid": float(i),
            "config": json.dumps({"seed": i, "training": {"steps": n} | {k: v[i] for k, v in more.items()}}),
        }
        for i, n in enumerate(steps)
    ]
    return frame(rows)


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
    runs = identified(frame(rows))
    assert protocol_of(runs, "mine", COLUMNS).tolist() == ["", ""]
    assert protocol_of(runs, "fid", COLUMNS).tolist() == ["fid/1", "fid/2"]


def test_runs_with_other_settings_are_other_methods() -> None:
    labels = identified(_configured([20, 2000, 2000], lr=[1, 2, 2]))["method"].tolist()
    assert labels == ["vae (steps 20)", "vae (steps 2000)", "vae (steps 2000)"]


def test_seeds_alone_make_no_other_method() -> None:
    assert identified(_configured([20, 20, 20]))["method"].tolist() == ["vae"] * 3


def test_settings_that_differ_in_much_still_have_distinct_names() -> None:
    many = {f"k{i}": [0, 0, 0, 0] for i in range(4)} | {"last": [0, 1, 2, 3]}
    many["a"], many["b"], many["c"] = [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]
    assert identified(_configured([5] * 4, **many))["method"].nunique() == 4


def test_one_name_for_two_fingerprints_is_two_datasets() -> None:
    rows = [{"dataset_sha256": "aaaaaaaaaaaa"}, {"dataset_sha256": "bbbbbbbbbbbb"}]
    assert identified(frame(rows))["dataset"].tolist() == ["ring (aaaaaaaa)", "ring (bbbbbbbb)"]


def test_identifying_again_changes_nothing() -> None:
    once = identified(_configured([20, 2000]))
    assert identified(once.drop(columns=["method_name", "dataset_name"]))["method"].tolist() == once["method"].tolist()


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
    assert metric_columns(runs, COLUMNS) == ["fid", "mine_se"]


def test_labels_keep_the_order_and_index_of_the_rows() -> None:
    runs = _configured([20, 2000, 20]).assign(started_at=pd.to_datetime(["2026-03-01", "2026-02-01", "2026-01-01"]))
    runs.index = pd.Index([7, 5, 3])
    labels = variant_labels(runs)
    assert labels.to_dict() == {7: "vae (steps 20)", 5: "vae (steps 2000)", 3: "vae (steps 20)"}


def test_what_is_measured_and_with_what_makes_no_other_variant() -> None:
    configs = [{"seed": i, "metrics": [str(i)], "protocols": {"fid": str(i)}, "resources": {"gpu": i}} for i in (0, 1)]
    runs = frame([{"config": json.dumps(config | {"training": {"steps": 5}})} for config in configs])
    assert variant_labels(runs).tolist() == ["vae", "vae"]


def test_other_data_make_no_other_variant() -> None:
    rows = [{"dataset": d, "config": json.dumps({"training": {"steps": n}})} for d, n in (("ring", 5), ("grid", 9))]
    assert variant_labels(frame(rows)).tolist() == ["vae", "vae"]


def test_rows_without_settings_keep_their_names() -> None:
    assert variant_labels(frame([{}, {}])).tolist() == ["vae", "vae"]
    assert variant_labels(frame([{"config": None}, {"config": "{}"}])).tolist() == ["vae", "vae"]


def test_ten_thousand_rows_take_little_time() -> None:
    """Processor time; the bound is some ten times of what it takes."""
    settings = {"network": {"latent": 2, "hidden": [128] * 8}, "training": {"steps": 2000, "lr": 0.001}}
    configs = [settings | {"seed": i, "epsilon": i % 3} for i in range(10_000)]
    runs = frame([{"config": json.dumps(config, sort_keys=True)} for config in configs])
    begin = time.process_time()
    labels = variant_labels(runs)
    assert time.process_time() - begin < 2.0
    assert labels.nunique() == 3
