"""Ranks over seeds and datasets, and success rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis.ranks import MEAN_RANKS, RANKS, SUCCESS, average_ranks, rank_methods, success_rates
from tests.analysis import demsar
from tests.analysis.declared import COLUMNS
from tests.analysis.test_pairs import runs_of


def test_a_published_example() -> None:
    found = average_ranks(rank_methods(demsar.runs(), demsar.COLUMNS)).set_index("method")
    assert found["rank"].round(3).to_dict() == demsar.MEAN_RANKS
    assert found.index[0] == "C4.5+m+cf"
    assert set(found["datasets"]) == {14}


def test_runs_are_ranked_seed_by_seed_and_failed_ones_behind_all() -> None:
    runs = runs_of({"a": [1.0, 2.0, None], "b": [2.0, 2.0, None], "c": [3.0, None, 1.0]})
    ranks = rank_methods(runs, COLUMNS).set_index("method")
    # Lower FID is better: 1 2 3; 1.5 1.5 3; 2.5 2.5 1.
    assert ranks["rank"].to_dict() == {"a": pytest.approx(5 / 3), "b": 2.0, "c": pytest.approx(7 / 3)}
    assert ranks["failed"].to_dict() == {"a": 1, "b": 1, "c": 1}
    assert set(ranks["n"]) == {3}


def test_only_seeds_that_all_methods_have_are_ranked() -> None:
    runs = runs_of({"a": [1.0, 5.0], "b": [2.0, 1.0], "c": [3.0]})
    ranks = rank_methods(runs, COLUMNS).set_index("method")
    assert ranks[["rank", "n"]].to_numpy().tolist() == [[1, 1], [2, 1], [3, 1]]
    alone = runs[~((runs["method"] == "c") | (runs["seed"] == 0)) | (runs["method"] == "c")]
    assert rank_methods(alone, COLUMNS)["rank"].isna().all()


def test_datasets_without_all_methods_are_left_out_of_the_mean() -> None:
    ring = runs_of({"a": [1.0], "b": [2.0], "c": [3.0]})
    grid = runs_of({"a": [2.0], "b": [1.0]}).assign(dataset="grid", run_id=["x", "y"])
    found = average_ranks(rank_methods(pd.concat([ring, grid], ignore_index=True), COLUMNS)).set_index("method")
    assert found[["datasets", "rank"]].to_numpy().tolist() == [[1, 1.0], [1, 2.0], [1, 3.0]]


def test_success_rates_have_wilsons_interval() -> None:
    """Three of ten by Wilson's formula, (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)."""
    runs = runs_of({"a": [1.0] * 3 + [None] * 7, "b": [1.0] * 10})
    runs.loc[0, "status"] = "interrupted"  # no result
    found = success_rates(runs).set_index("method")
    assert found.loc["a", ["runs", "done", "rate"]].tolist() == [9, 2, 2 / 9]
    p, n, z = 2 / 9, 9, stats.norm.ppf(0.975)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = (p + z**2 / (2 * n) + np.array([-half, half])) / (1 + z**2 / n)
    np.testing.assert_allclose(found.loc["a", ["low", "high"]].astype(float), expected, rtol=1e-9)
    assert found.loc["b", "high"] == 1.0


def test_no_runs_give_empty_frames() -> None:
    assert list(rank_methods(pd.DataFrame(), COLUMNS)) == RANKS
    assert list(average_ranks(rank_methods(pd.DataFrame(), COLUMNS))) == MEAN_RANKS
    assert list(success_rates(pd.DataFrame())) == SUCCESS
