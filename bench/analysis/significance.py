"""Whether paired differences are more than chance: the sign-flip test, Holm's correction, and what n pairs can tell.

The sign-flip (randomisation) test is Fisher's of 1935: under the null hypothesis each pair's difference could as well
have had the other sign. It gives what `scipy.stats.permutation_test` gives, which goes through the patterns one by one:
500 comparisons of 15 pairs take that 5 s, and a report has thousands. Holm's step-down correction is that of 1979;
SciPy corrects for false discoveries only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from bench.analysis.intervals import stack_by_size

ALPHA = 0.05
EXACT_UP_TO = 18
"""Pairs up to which all sign patterns are tried; above, as many random ones."""
NORMAL_FROM = 201
"""Pairs from which the sum over random signs is taken for normal, by Lyapunov's theorem, in place of drawing them."""
_PATTERNS = 2 ** (EXACT_UP_TO - 1)  # the other half mirrors them
_NUMBERS = 8_000_000  # sums at once: 64 MB
_ROUNDING = 1e-12


def sign_flip_test(differences: np.ndarray) -> np.ndarray:
    """Two-sided p of the mean of paired differences being 0, shape (rows,).

    Exact up to `EXACT_UP_TO` pairs, over random patterns with a fixed seed above, by the sum's normal limit from
    `NORMAL_FROM` on. NaN where a difference is not finite, and without pairs.

    Args:
        differences: shape (rows, n).
    """
    return sign_flip_tests(list(differences))


def sign_flip_tests(samples: Sequence[np.ndarray]) -> np.ndarray:
    """What `sign_flip_test` gives, of differences of any numbers of pairs."""
    p = np.full(len(samples), np.nan)
    largest = max((len(sample) for sample in samples if len(sample) < NORMAL_FROM), default=0)
    patterns = _draw_signs(largest) if largest > EXACT_UP_TO else np.empty((0, largest))
    for places, stacked in stack_by_size(samples):
        n = stacked.shape[1]
        finite = np.isfinite(stacked).all(axis=1) & (n > 0)
        if n >= NORMAL_FROM:
            p[places[finite]] = _approximate(stacked[finite])
        elif finite.any():
            signs = patterns[:, :n].astype(float) if n > EXACT_UP_TO else _list_signs(n)
            p[places[finite]] = _test_by_patterns(stacked[finite], signs)
    return p


def smallest_p(pairs: int) -> float:
    """The smallest two-sided p that the sign-flip test can give: 2/2ⁿ where it is exact, 0 where it is normal."""
    if pairs >= NORMAL_FROM:
        return 0.0
    return min(1.0, 0.5 ** (min(pairs, EXACT_UP_TO) - 1))


def is_decidable(pairs: int, comparisons: int) -> bool:
    """Whether that many pairs could be significant at all with Holm's correction over so many comparisons."""
    return smallest_p(pairs) <= ALPHA / max(comparisons, 1)


def pairs_needed(comparisons: int) -> int:
    """The least number of pairs that could tell something."""
    return next((n for n in range(1, EXACT_UP_TO + 1) if is_decidable(n, comparisons)), NORMAL_FROM)


def correct_by_holm(p: np.ndarray) -> np.ndarray:
    """Holm's adjusted p: at most `ALPHA` exactly where the step-down procedure rejects. NaN stays and does not count.

    Args:
        p: of all comparisons of one family, shape (m,).
    """
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    remaining = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(remaining * p[order])) if len(order) else []
    return adjusted


def _test_by_patterns(differences: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Share of patterns whose sum is as far from 0 as the first pattern's, which is the one that was seen."""
    p = np.empty(len(differences))
    step = max(1, _NUMBERS // len(signs))
    for start in range(0, len(differences), step):
        sums = np.abs(signs @ differences[start : start + step].T)
        p[start : start + step] = (sums >= sums[0] * (1 - _ROUNDING)).mean(axis=0)
    return p


def _approximate(differences: np.ndarray) -> np.ndarray:
    """Two-sided p, shape (rows,), of Σ εᵢ dᵢ as normal: its mean over random signs is 0, its variance Σ dᵢ²."""
    spread = np.sqrt((differences**2).sum(axis=1))
    scores = np.abs(differences.sum(axis=1)) / np.where(spread > 0, spread, 1.0)
    found: np.ndarray = 2 * stats.norm.sf(scores)
    return found


def _list_signs(n: int) -> np.ndarray:
    """All patterns of signs that keep the first, shape (2ⁿ⁻¹, n); the first pattern flips none."""
    numbers = np.arange(2 ** (n - 1))
    return np.stack([1.0 - 2.0 * (numbers >> place & 1) for place in reversed(range(n))], axis=1)


def _draw_signs(n: int) -> np.ndarray:
    """Random patterns of signs, shape (patterns, n); the first pattern flips none."""
    random = np.random.default_rng(0).integers(0, 2, (_PATTERNS - 1, n), dtype=np.int8)
    return np.concatenate([np.ones((1, n), dtype=np.int8), 1 - 2 * random])


__all__ = [
    "ALPHA", "EXACT_UP_TO", "NORMAL_FROM", "correct_by_holm", "is_decidable", "pairs_needed", "sign_flip_test",
    "sign_flip_tests", "smallest_p",
]  # fmt: skip
