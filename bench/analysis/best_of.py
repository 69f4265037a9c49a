"""What the best of k trials is, over all orders that the trials might have come in: exactly, without simulation.

Of n trials, k drawn without replacement have their best at or above rank j with probability 1 − C(n − j, k) / C(n, k).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.column import Better

BAND = (0.1, 0.5, 0.9)
"""Shares of the orders that reach the band's ends, and the median."""
COLUMNS = ["k", "low", "median", "high", "mean"]
_ROUNDING = 1e-12


def best_of_k(values: Sequence[float] | np.ndarray, better: Better) -> pd.DataFrame:
    """The distribution of the best of k of some trials, for each k, over all orders of the trials.

    Args:
        values: a figure for each trial, shape (n,); NaN where it has none, which counts as the worst there can be.
        better: which end is better.

    Returns:
        `k, low, median, high, mean`, a row for each k from 1 to n. The median is the figure that half of the orders
        reach at the least; `low` and `high` are likewise the figures that 10 % and 90 % of them reach, the smaller
        first. Each is ±∞ where so many orders have no figure yet, and the mean where any has none.
    """
    sign = 1.0 if better == "lower" else -1.0
    given = np.asarray(values, dtype=float)
    ranked = np.sort(np.where(np.isnan(given), np.inf, sign * given))
    n, known = len(ranked), int((~np.isnan(given)).sum())
    behind = n - 1.0 - np.arange(n)  # trials of a worse rank
    beaten = np.ones(n)  # probability that no trial up to this rank is among the k
    rows = []
    for k in range(1, n + 1):
        before = beaten
        beaten = before * np.maximum(behind - (k - 1), 0.0) / (n - (k - 1))
        reached = 1.0 - beaten
        places = [int(np.argmax(reached >= q - _ROUNDING)) for q in BAND]
        shares = np.diff(reached, prepend=0.0)
        mean = np.inf if k <= n - known else float(np.dot(shares[:known], ranked[:known]))
        low, median, high = (sign * float(ranked[place]) for place in places)
        rows.append((k, min(low, high), median, max(low, high), sign * mean))
    return pd.DataFrame(rows, columns=COLUMNS)


def best_so_far(values: Sequence[float] | np.ndarray, better: Better) -> pd.DataFrame:
    """The best of the first k trials in the one order that they came in: `k, best`, ±∞ while none has a figure.

    For trials that depend on those before them: other orders say nothing of them.
    """
    sign = 1.0 if better == "lower" else -1.0
    given = np.asarray(values, dtype=float)
    found = np.minimum.accumulate(np.where(np.isnan(given), np.inf, sign * given))
    return pd.DataFrame({"k": np.arange(1, len(found) + 1), "best": sign * found})


__all__ = ["BAND", "best_of_k", "best_so_far"]
