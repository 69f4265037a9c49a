"""The sign-flip test, Holm's correction, and what so many pairs can tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.analysis.significance import (
    ALPHA,
    EXACT_UP_TO,
    NORMAL_FROM,
    correct_by_holm,
    is_decidable,
    pairs_needed,
    sign_flip_test,
    sign_flip_tests,
    smallest_p,
)
from tests.analysis.test_intervals import DARWIN

PS = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.array)


def test_fishers_example() -> None:
    """Fisher 1935, section 21: of 32,768 patterns 863 have a sum as high as Darwin's, so that one-sided p = .02634."""
    assert sign_flip_test(DARWIN[None])[0] == 2 * 863 / 32_768
    assert sign_flip_test(DARWIN[None])[0] == pytest.approx(0.05267, abs=5e-6)


@pytest.mark.parametrize("n", [2, 5, 9, 13])
def test_it_is_scipys(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.5, 1.0, size=(4, n)).round(1)  # with ties and zeros
    expected = [
        stats.permutation_test(
            (row,), np.mean, permutation_type="samples", n_resamples=2**n, vectorized=True, axis=-1
        ).pvalue
        for row in differences
    ]
    np.testing.assert_allclose(sign_flip_test(differences), expected, rtol=1e-12)


def test_many_pairs_are_tested_by_random_patterns() -> None:
    """Beside as many others of SciPy: both have a standard error of at most .0025 for 40,000, four of them allowed."""
    n = EXACT_UP_TO + 12
    differences = np.random.default_rng(0).normal(size=(4, n))
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=40_000, vectorized=True, axis=-1, batch=4_000,
        rng=np.random.default_rng(1),
    ).pvalue  # fmt: skip
    np.testing.assert_allclose(sign_flip_test(differences), expected, atol=4 * 0.0025 * 2**0.5)
    clear = sign_flip_test(np.ones((1, n)) + 0.01 * differences[:1])
    assert clear[0] == smallest_p(n) == 1 / 2 ** (EXACT_UP_TO - 1)


def test_very_many_pairs_are_tested_by_the_normal_limit() -> None:
    """Beside SciPy's 20,000 random patterns: a standard error of at most .0035, four of them allowed."""
    generator = np.random.default_rng(0)
    scale = generator.lognormal(size=NORMAL_FROM)
    differences = scale * (generator.normal(size=(4, NORMAL_FROM)) + np.array([[0.0], [0.02], [0.05], [0.1]]))
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=20_000, vectorized=True, axis=-1, batch=500,
        rng=np.random.default_rng(1),
    ).pvalue  # fmt: skip
    np.testing.assert_allclose(sign_flip_test(differences), expected, atol=4 * 0.0035)
    assert sign_flip_test(np.zeros((1, NORMAL_FROM)))[0] == 1.0
    assert smallest_p(NORMAL_FROM) == 0.0


def test_what_is_not_finite_or_not_there_is_not_tested() -> None:
    p = sign_flip_tests([np.array([1.0, math.inf]), np.array([]), np.array([1.0]), np.array([0.0, 0.0])])
    assert np.isnan(p).tolist() == [True, True, False, False]
    assert p[2:].tolist() == [1.0, 1.0]


def test_holm_on_published_examples() -> None:
    """Pingouin's documentation of `holm`, and R's `p.adjust(c(.01, .02, .03, .04), "holm")`."""
    pingouin = correct_by_holm(np.array([0.50, 0.003, 0.32, 0.054, 0.0003]))
    np.testing.assert_allclose(pingouin, [0.64, 0.012, 0.64, 0.162, 0.0015], rtol=1e-12)
    np.testing.assert_allclose(correct_by_holm(np.array([0.01, 0.02, 0.03, 0.04])), [0.04, 0.06, 0.06, 0.06])


@given(PS)
def test_holm_rejects_what_its_steps_reject(p: np.ndarray) -> None:
    adjusted, rejected = correct_by_holm(p), np.zeros(len(p), dtype=bool)
    for step, place in enumerate(np.argsort(p, kind="stable")):
        if not (len(p) - step) * p[place] <= ALPHA:
            break
        rejected[place] = True
    np.testing.assert_array_equal(adjusted <= ALPHA, rejected)
    assert ((adjusted >= p) & (adjusted <= np.minimum(1, len(p) * p))).all()


def test_what_was_not_tested_does_not_count_in_the_correction() -> None:
    found = correct_by_holm(np.array([math.nan, 0.01, 0.04]))
    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.02, 0.04]
    assert correct_by_holm(np.array([math.nan])).tolist()[0] != 0


def test_how_many_pairs_can_tell_how_much() -> None:
    """2/2ⁿ ≤ .05/m: six pairs decide one comparison, eight 6, nine 12, ten 25."""
    most = {n: max(m for m in range(1, 60) if is_decidable(n, m)) for n in (6, 8, 9, 10)}
    assert most == {6: 1, 8: 6, 9: 12, 10: 25}
    assert not is_decidable(5, 1)
    assert [pairs_needed(m) for m in (1, 2, 6, 7, 12, 25, 26)] == [6, 7, 8, 9, 9, 10, 11]
    assert pairs_needed(10_000) == NORMAL_FROM
    differences = np.arange(1.0, 9.0)[None]
    assert sign_flip_test(differences)[0] == smallest_p(8) == 2 / 2**8
