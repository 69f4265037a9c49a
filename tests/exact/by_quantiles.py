"""Divergences by another road: SciPy's densities and quantiles, integrated over probabilities.

E_P[g] = ∫ g(F⁻¹(u)) du with u = e⁻ˢ from both ends: ends of supports and tails lie at s → ∞, where the weight e⁻ˢ has
long made an end of everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.optimize import bisect

from tests.exact.random_laws import Twin

_LAST, _STEP = 60.0, 0.1
_NODES, _WEIGHTS = leggauss(20)

# what is averaged under P and what under Q, of v = log p/q
Term = Callable[[np.ndarray], np.ndarray]
TERMS: dict[str, tuple[Term, Term]] = {
    "kl": (lambda v: v, np.zeros_like),
    "js": (lambda v: math.log(2) - np.logaddexp(0, -v), lambda v: math.log(2) - np.logaddexp(0, v)),
    "squared_hellinger": (lambda v: 1 - 1 / np.cosh(np.clip(v, -1e3, 1e3) / 2),) * 2,
    "total_variation": (lambda v: -np.expm1(-np.maximum(v, 0)), np.zeros_like),
}


def expectation(law: Twin, other: Twin, term: Term, sign: int) -> float:
    """E of term(sign · log law/other) under the law."""
    own = law.scipy
    cuts_low, cuts_high = [], []
    for kink in (*law.kinks, *other.kinks):
        below, above = own.cdf(kink), own.sf(kink)
        cuts_low += [-math.log(below)] if 0 < below < 0.5 else []
        cuts_high += [-math.log(above)] if 0 < above <= 0.5 else []

    def log_ratio(x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(sign * (own.logpdf(x) - other.scipy.logpdf(x)))

    def integral(points: Term, cuts: list[float]) -> float:
        s = np.linspace(math.log(2), _LAST, 4001)
        level = log_ratio(points(np.exp(-s)))
        crossed = np.nonzero(np.sign(level[1:]) * np.sign(level[:-1]) < 0)[0]  # where a divergence may have a kink
        cuts += [bisect(lambda s: float(log_ratio(points(np.exp(-s)))), s[i], s[i + 1], xtol=1e-14) for i in crossed]
        edges = sorted({*np.arange(math.log(2), _LAST, _STEP).tolist(), _LAST, *(c for c in cuts if c < _LAST)})
        low, high = np.array(list(pairwise(edges))).T
        s = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * _NODES
        values = np.nan_to_num(np.exp(-s) * term(log_ratio(points(np.exp(-s)))))  # NaN where x is rounded to an end
        return float((values @ _WEIGHTS * (high - low) / 2).sum())

    return integral(own.ppf, cuts_low) + integral(own.isf, cuts_high)


def divergence_by_quantiles(name: str, p: Twin, q: Twin) -> float:
    under_p, under_q = TERMS[name]
    return expectation(p, q, under_p, 1) + expectation(q, p, under_q, -1)
