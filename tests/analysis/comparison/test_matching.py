"""Which runs of two sets of results are the same."""

from __future__ import annotations

import json

import pandas as pd

from bench.analysis.comparison.matching import describe_difference, match_runs
from tests.analysis.comparison.frames import results


def test_equal_settings_belong_together_whatever_they_are_called() -> None:
    before, after = results({"kl": [1.0, 2.0]}), results({"kl": [1.0]}).assign(method="kl again", dataset="circle")
    (match,) = match_runs(before, after)
    assert (match.dataset, match.method, match.why) == ("circle", "kl again", "")
    assert (len(match.before), len(match.after)) == (2, 1)


def test_equal_names_of_other_settings_are_told_how_they_differ() -> None:
    (match,) = match_runs(results({"kl": [1.0]}), results({"kl": [1.0]}, steps=20))
    assert match.why == "other settings: training.steps 10 → 20"


def test_other_data_is_told_first() -> None:
    before, after = results({"kl": [1.0]}), results({"kl": [1.0]}, steps=20)
    after["config"] = after["config"].str.replace("ab" * 32, "cd" * 32)
    assert describe_difference(before, after) == "other data: dataset_sha256 abababab → cdcdcdcd"


def test_only_the_first_differences_are_told() -> None:
    before, after = results({"kl": [1.0]}), results({"kl": [1.0]})
    after["config"] = json.dumps({"dataset_sha256": "ab" * 32, "model": {"a": 1, "b": 2, "c": 3}, "seed": 9})
    told = describe_difference(before, after)
    assert told == "other settings: model kl → unset, training.steps 10 → unset, model.a unset → 1 and 2 more"


def test_what_is_on_one_side_only_is_kept_once() -> None:
    matches = match_runs(results({"a": [1.0], "b": [1.0]}), results({"b": [1.0], "c": [1.0]}))
    assert {match.method: match.why for match in matches} == {
        "b": "", "c": "there is no such run before", "a": "there is no such run any more",
    }  # fmt: skip
    earlier = pd.concat([results({"a": [1.0]}), results({"a": [1.0]}, steps=20)])
    (match,) = match_runs(earlier, results({"a": [1.0]}, steps=20))
    assert match.why == ""


def test_without_settings_names_serve_and_the_latest_of_a_seed_counts() -> None:
    plain = pd.concat([results({"a": [1.0, 2.0]}), results({"a": [7.0]})]).drop(columns=["settings_id", "config"])
    plain["started_at"] = pd.to_datetime(["2026-01-02", "2026-01-02", "2026-01-01"], utc=True)
    (match,) = match_runs(plain, plain)
    assert match.after["fid"].tolist() == [1.0, 2.0]
    assert describe_difference(plain, plain) == "other settings"
    assert match_runs(pd.DataFrame(), pd.DataFrame()) == []
