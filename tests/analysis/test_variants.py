"""What must not be averaged is kept apart."""

from __future__ import annotations

import json
import time
from typing import Any

import pandas as pd

from bench.analysis.variants import identify_runs, variant_labels
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


def test_runs_with_other_settings_are_other_methods() -> None:
    labels = identify_runs(_configured([20, 2000, 2000], lr=[1, 2, 2]))["method"].tolist()
    assert labels == ["vae (steps 20)", "vae (steps 2000)", "vae (steps 2000)"]


def test_seeds_alone_make_no_other_method() -> None:
    assert identify_runs(_configured([20, 20, 20]))["method"].tolist() == ["vae"] * 3


def test_settings_that_differ_in_much_still_have_distinct_names() -> None:
    many = {f"k{i}": [0, 0, 0, 0] for i in range(4)} | {"last": [0, 1, 2, 3]}
    many["a"], many["b"], many["c"] = [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]
    assert identify_runs(_configured([5] * 4, **many))["method"].nunique() == 4


def test_one_name_for_two_fingerprints_is_two_datasets() -> None:
    rows = [{"dataset_sha256": "aaaaaaaaaaaa"}, {"dataset_sha256": "bbbbbbbbbbbb"}]
    assert identify_runs(frame(rows))["dataset"].tolist() == ["ring (aaaaaaaa)", "ring (bbbbbbbb)"]


def test_identifying_again_changes_nothing() -> None:
    once = identify_runs(_configured([20, 2000]))
    assert (
        identify_runs(once.drop(columns=["method_name", "dataset_name"]))["method"].tolist() == once["method"].tolist()
    )


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


def test_runs_that_settings_were_chosen_by_make_no_other_method() -> None:
    """A winner keeps its plain name beside the trials, which are told apart among themselves."""
    runs = _configured([20, 20, 2000]).assign(stage=[None, "search", "search"])
    assert variant_labels(runs).tolist() == ["vae", "vae (steps 20)", "vae (steps 2000)"]
