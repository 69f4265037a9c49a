"""The pairwise comparison matrix over datasets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis.matrix import MATRIX, compare_over_datasets
from bench.analysis.verdicts import Verdict
from tests.analysis import demsar
from tests.analysis.declared import COLUMNS
from tests.analysis.test_pairs import runs_of


def over(figures: dict[str, dict[str, list[float | None]]]) -> pd.DataFrame:
    """Runs on several datasets."""
    parts = [
        runs_of(own).assign(dataset=dataset, run_id=lambda rows, name=dataset: name + rows["run_id"])
        for dataset, own in figures.items()
    ]
    return pd.concat(parts, ignore_index=True)


def cell(frame: pd.DataFrame, method: str, other: str) -> pd.Series:
    (row,) = [row for _, row in frame.iterrows() if (row["method"], row["other"]) == (method, other)]
    return row


def test_a_published_example() -> None:
    """Demšar 2006, table 2: C4.5+m wins on ten data sets, loses on two and ties on two; the null is rejected."""
    frame = compare_over_datasets(demsar.runs(), demsar.COLUMNS)
    row = cell(frame, "C4.5+m", "C4.5")
    assert row[["wins", "ties", "losses", "datasets"]].tolist() == [10, 2, 2, 14]
    assert row["difference"] == pytest.approx(15.5)
    assert row["verdict"] == Verdict.BETTER
    assert cell(frame, "C4.5", "C4.5+m")["verdict"] == Verdict.WORSE


def test_p_is_wilcoxons() -> None:
    """Exactly that of SciPy without ties or zeros; with both, that of a permutation of the paper's own statistic."""
    gains = np.array([1.0, -2, 3, 4, 5, -6, 7, 8, 9])
    runs = over({f"d{place}": {"a": [gain], "b": [0.0]} for place, gain in enumerate(gains)})
    assert cell(compare_over_datasets(runs, COLUMNS), "a", "b")["p"] == pytest.approx(stats.wilcoxon(gains).pvalue)
    tied = np.array([row[1] - row[0] for row in demsar.AUC.values()])
    ranks = stats.rankdata(np.abs(tied)) * np.sign(tied)
    rank_sum = np.abs(ranks[ranks < 0].sum())
    assert rank_sum == 12 - 1.5  # the paper gives R⁻ half of the zeros' ranks too
    nonzero = ranks[ranks != 0]
    sums = [(np.where(bits, 1, -1) * nonzero).sum() for bits in np.ndindex(*(2,) * len(nonzero))]
    expected = np.mean(np.abs(sums) >= np.abs(ranks.sum()))
    row = cell(compare_over_datasets(demsar.runs(), demsar.COLUMNS), "C4.5", "C4.5+m")
    assert row["p"] == pytest.approx(expected, rel=1e-12)


def test_what_it_says_of_two_does_not_depend_on_a_third() -> None:
    runs = demsar.runs()
    both = compare_over_datasets(runs[runs["method"].isin(demsar.METHODS[:2])], demsar.COLUMNS)
    pd.testing.assert_series_equal(
        cell(both, *demsar.METHODS[:2]), cell(compare_over_datasets(runs, demsar.COLUMNS), *demsar.METHODS[:2]),
        check_names=False,
    )  # fmt: skip


def test_both_cells_of_a_pair_mirror_each_other() -> None:
    frame = compare_over_datasets(
        over({"x": {"a": [1.0, 2.0], "b": [3.0, 1.0]}, "y": {"a": [1.0], "b": [2.0]}}), COLUMNS
    )
    one, two = cell(frame, "a", "b"), cell(frame, "b", "a")
    assert one["difference"] == -two["difference"] == pytest.approx((-0.5 - 1) / 2)
    assert (one["wins"], one["losses"]) == (two["losses"], two["wins"]) == (2, 0)  # lower FID is better
    assert one["improvement"] == 1 - two["improvement"] == (0.625 + 1) / 2
    assert one["p"] == two["p"] == 0.5
    assert one["verdict"] == two["verdict"] == Verdict.UNTOLD


def test_a_method_that_fails_more_often_loses_the_dataset() -> None:
    frame = compare_over_datasets(
        over({"x": {"a": [1.0, None], "b": [3.0, 3.0]}, "y": {"a": [1.0], "b": [9.0]}}), COLUMNS
    )
    row = cell(frame, "a", "b")
    assert (row["wins"], row["losses"], row["difference"]) == (1, 1, -5.0)
    never = compare_over_datasets(over({"x": {"a": [None], "b": [3.0]}, "y": {"a": [1.0], "b": [9.0]}}), COLUMNS)
    assert cell(never, "b", "a")[["wins", "losses", "difference"]].tolist() == [1, 1, 8.0]


def test_six_datasets_can_tell_and_five_cannot() -> None:
    figures = {f"d{place}": {"a": [1.0], "b": [2.0 + place]} for place in range(6)}
    assert cell(compare_over_datasets(over(figures), COLUMNS), "a", "b")["verdict"] == Verdict.BETTER
    del figures["d0"]
    assert cell(compare_over_datasets(over(figures), COLUMNS), "a", "b")["verdict"] == Verdict.UNTOLD
    assert list(compare_over_datasets(pd.DataFrame(), COLUMNS)) == MATRIX
