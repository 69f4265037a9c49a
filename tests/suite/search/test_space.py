"""Configurations: the same points for every method in the keys that they share, and spread as ranges say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.suite.search.schema import Range, SearchBlock
from bench.suite.search.space import MOST_KEYS, draw_points, draw_settings, list_dimensions

SHARED = {"training.lr": Range(log=(1e-4, 1e-2)), "training.batch_size": Range(integer=(8, 11))}


def block(**own: dict[str, Range]) -> SearchBlock:
    return SearchBlock(trials=16, metric="fid", space=SHARED, methods=own)


def values(search: SearchBlock, method: str, family: str, key: str, trials: int = 16) -> list[object]:
    configurations = draw_settings(list_dimensions(search, method, family), draw_points(trials, search.seed))
    return [next(s.value for s in own if ".".join(s.key) == key) for own in configurations]


def test_methods_share_the_values_of_shared_keys() -> None:
    search = block(vae={"epsilon": Range(log=(0.01, 1.0))})
    for key in SHARED:
        assert values(search, "vae", "vae", key) == values(search, "js", "fgan", key)
    assert [d.key for d in list_dimensions(search, "js", "fgan")] == [*SHARED]


def test_a_range_of_a_methods_own_keeps_the_points() -> None:
    search = block(vae={"training.lr": Range(log=(1e-3, 1e-1))})
    own, shared = values(search, "vae", "vae", "training.lr"), values(search, "js", "fgan", "training.lr")
    assert own == pytest.approx([10 * float(str(value)) for value in shared], rel=1e-5)  # six digits are kept


def test_a_key_of_one_method_moves_no_other() -> None:
    before, after = block(), block(vae={"epsilon": Range(log=(0.01, 1.0))})
    for key in SHARED:
        assert values(before, "vae", "vae", key) == values(after, "vae", "vae", key)


def test_keys_that_a_family_lacks_are_left_out() -> None:
    search = SearchBlock(trials=2, metric="fid", space={"epsilon": Range(log=(0.01, 1.0)), **SHARED})
    assert [d.key for d in list_dimensions(search, "js", "fgan")] == [*SHARED]
    assert values(search, "js", "fgan", "training.lr", 2) == values(search, "vae", "vae", "training.lr", 2)


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 5))
def test_more_trials_begin_with_the_same(few: int, many: int, seed: int) -> None:
    few, many = min(few, many), max(few, many)
    assert np.array_equal(draw_points(few, seed), draw_points(many, seed)[:few])
    assert draw_points(many, seed).shape == (many, MOST_KEYS)


def test_another_seed_gives_other_points() -> None:
    assert not np.array_equal(draw_points(4, 0), draw_points(4, 1))


def test_every_dimension_is_covered_evenly() -> None:
    """2^m scrambled Sobol points have one in each of 2^m intervals of every coordinate."""
    cells = np.sort((draw_points(16, 3) * 16).astype(int), axis=0)
    assert (cells == np.arange(16)[:, None]).all()


@given(st.floats(0, 1, exclude_max=True))
def test_values_are_within_their_range(unit: float) -> None:
    assert -1.5 <= Range(uniform=(-1.5, 0.1)).at(unit) <= 0.1
    assert 1e-4 <= Range(log=(1e-4, 1e-2)).at(unit) <= 1e-2
    assert Range(integer=(3, 5)).at(unit) in (3, 4, 5)
    assert Range(choice=("a", [1, 2], None)).at(unit) in ("a", [1, 2], None)


def test_values_are_spread_as_the_range_says() -> None:
    middle = 0.5
    assert Range(uniform=(0.0, 10.0)).at(middle) == 5.0
    assert Range(log=(1e-4, 1e-2)).at(middle) == pytest.approx(1e-3, rel=1e-6)
    assert [Range(integer=(1, 4)).at(unit) for unit in (0.0, 0.25, 0.5, 0.75)] == [1, 2, 3, 4]
    assert [Range(choice=("a", "b")).at(unit) for unit in (0.0, 0.49, 0.5, 0.99)] == ["a", "a", "b", "b"]


def test_drawn_numbers_are_short_so_that_machines_agree_on_them() -> None:
    for value in values(block(), "vae", "vae", "training.lr"):
        assert float(f"{value:.6g}") == value
    assert Range(uniform=(0.1234564, 1.0)).at(0.0) == 0.1234564  # rounded, it would be outside


def test_trials_have_seeds_of_their_own() -> None:
    search = block()
    seeds = [search.training_seed(trial) for trial in range(16)]
    others = [search.model_copy(update={"seed": 1}).training_seed(trial) for trial in range(16)]
    assert len({*seeds, *others}) == 32
    assert math.log10(min(seeds)) >= 9
