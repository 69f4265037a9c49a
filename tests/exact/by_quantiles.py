"""Divergences by another road: SciPy's densities and quantiles, integrated over probabilities.

E_P[g] = ∫ g(F⁻¹(u)) du with u = e⁻ˢ from both ends: ends of supports and tails lie at s → ∞, where the weight e⁻ˢ has
long made an end of everything. Points that SciPy rounds onto an end, where a density is 0 or infinite, are left out;
they must weigh less than 1e-13.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial.legendre import leggauss

from tests.exact.random_laws import Twin

_NEAR, _FAR = 60.0, 300.0  # steps of a quarter, then of four, for what the tails of the other law multiply
_EDGES = np.concatenate([np.arange(math.log(2), _NEAR, 0.25), np.arange(_NEAR, _FAR + 1, 4)])
_BESIDE = np.concatenate([[0.0], 0.25 * 2.0 ** -np.arange(1, 40)])  # of a kink, where a density may be a power
_LOST, _TINY = 1e-13, 1e-300
_NODES, _WEIGHTS = leggauss(20)

# what is averaged under P and what under Q, of v = log p/q
Term = Callable[[np.ndarray], np.ndarray]
TERMS: dict[str, tuple[Term, Term]] = {
    "kl": (lambda v: v, np.zeros_like),
    "js": (lambda v: math.log(2) - np.logaddexp(0, -v), lambda v: math.log(2) - np.logaddexp(0, v)),
    "squared_hellinger": (lambda v: 1 - 1 / np.cosh(np.clip(v, -1e3, 1e3) / 2),) * 2,
    "total_variation": (lambda v: -np.expm1(-np.maximum(v, 0)), np.zeros_like),
}


def _crossing(level: Term, low: float, high: float) -> float:
    """Where the sign changes, to the last digit: 2⁵⁴ pieces in all."""
    for _ in range(9):
        s = np.linspace(low, high, 65)
        signs = level(s)
        first = int(np.argmax(signs[1:] != signs[0]))
        low, high = s[first], s[first + 1]
    return low


def expectation(law: Twin, other: Twin, term: Term, sign: int) -> float:
    """E of term(sign · log law/other) under the law."""
    own = law.scipy
    cuts_low, cuts_high = [], []
    for kink in (*law.kinks, *other.kinks):
        below, above = own.cdf(kink), own.sf(kink)
        cuts_low += [-math.log(below)] if 0 < below < 0.5 else []
        cuts_high += [-math.log(above)] if 0 < above <= 0.5 else []

    def log_ratio(points: Term, s: np.ndarray) -> np.ndarray:
        """NaN on an end, and where x or its scaled value underflows."""
        with np.errstate(all="ignore"):
            x = points(np.exp(-s))
            at, there = own.logpdf(x), other.scipy.logpdf(x)
            known = (np.abs(x) > _TINY) & np.isfinite(at) & (there < math.inf)
            return np.where(known, sign * (at - there), math.nan)

    def integral(points: Term, cuts: list[float]) -> float:
        def level(s: np.ndarray) -> np.ndarray:
            return np.sign(np.nan_to_num(log_ratio(points, s)))

        s = np.linspace(math.log(2), _NEAR, 1001)
        signs = level(s)
        crossed = np.nonzero(signs[1:] * signs[:-1] < 0)[0]  # where a divergence may have a kink
        cuts += [_crossing(level, s[i], s[i + 1]) for i in crossed]
        beside = np.concatenate([cut + side * _BESIDE for cut in cuts for side in (-1, 1)] or [_EDGES])
        edges = np.unique(np.concatenate([_EDGES, beside[beside > _EDGES[0]]]))
        edges = edges[edges <= law.last]
        low, high = edges[:-1], edges[1:]
        s = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * _NODES
        weight, v = np.exp(-s), log_ratio(points, s)
        lost = np.isnan(v)
        assert weight[lost].max(initial=0.0) < _LOST, (own.dist.name, other.scipy.dist.name)
        values = np.where(lost, 0.0, weight * term(np.where(lost, 0.0, v)))
        return float((values @ _WEIGHTS * (high - low) / 2).sum())

    return integral(own.ppf, cuts_low) + integral(own.isf, cuts_high)


def divergence_by_quantiles(name: str, p: Twin, q: Twin) -> float:
    under_p, under_q = TERMS[name]
    return expectation(p, q, under_p, 1) + expectation(q, p, under_q, -1)
