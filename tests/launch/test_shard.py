"""Shards: every run in exactly one, whole cohorts, evenly, and the same whatever has been done already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import ArgumentError
from bench.launch import Shard, plan_cohorts
from tests.launch.test_plan import runs


@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 7), st.integers(1, 9))
def test_every_run_is_in_one_shard_and_cohorts_stay_whole(methods: int, seeds: int, cohort: int, count: int) -> None:
    specs = runs(methods, seeds, cohort)
    parts = [Shard(i, count).select(specs) for i in range(1, count + 1)]
    assert sorted(run_id for part in parts for run_id in part) == sorted(spec.run_id for spec in specs)
    whole = plan_cohorts(specs, frozenset())
    cut = [plan for part in parts for plan in plan_cohorts([s for s in specs if s.run_id in part], frozenset())]
    assert sorted(plan.cohort_id for plan in cut) == sorted(plan.cohort_id for plan in whole)


@given(st.integers(1, 4), st.integers(1, 12), st.integers(1, 9))
def test_equal_runs_are_spread_evenly(methods: int, seeds: int, count: int) -> None:
    specs = runs(methods, seeds)
    sizes = [len(Shard(i, count).select(specs)) for i in range(1, count + 1)]
    assert max(sizes) - min(sizes) <= 1


def test_longer_runs_weigh_more() -> None:
    specs = runs(methods=1, seeds=9)
    long = specs[0].model_copy(update={"training": specs[0].training.model_copy(update={"steps": 8 * specs[0].steps})})
    parts = [Shard(i, 2).select([*specs[1:], long]) for i in (1, 2)]
    assert sorted(len(part) for part in parts) == [1, 8]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "-1/2", "1/0", "1/2/3", ""])
def test_what_is_no_shard_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"expected I/N with I from 1 to N, such as 1/4$"):
        Shard.parse(text)


def test_a_shard_is_read_and_told() -> None:
    assert Shard.parse(" 2/4 ") == Shard(2, 4)
    assert str(Shard(2, 4)) == "shard 2 of 4"
