"""Whether the standard error of an estimate tells how near it is: what critics miss is in none.

A standard error is sampling noise. That critics do not reach log p/q, for want of points or of steps, makes a bound too
low by more, and no held-out point shows it. What shows it is that with half of the points and half of the steps the
bound at the same held-out points is lower still, by more than `GROWTH_WITHIN` standard errors: the estimate is growing.

Growth is seen only beyond the noise, though, and critics that see next to nothing have none. So an estimate that is not
`RESOLVED_FROM` standard errors above D(P‖P) is unresolved: whatever it lacks may be as large as itself.

One log-ratio serves all divergences, and some see less of what it lacks than others. So an estimate has converged only
where neither holds of it nor of its witnesses, kl, js and squared_hellinger, as far as they are there. Of 40 tasks of
Beyond Normal and the calibration suite (n = 10,000) 96 to 97 % of the estimates that have are within three standard
errors of the exact value, with either effort. By growth alone that is 82 % of the calibration suite, where critics that
miss thin ridges altogether do not grow; from 15 standard errors on the share stays the same up to 25.
"""

from __future__ import annotations

from typing import overload

import numpy as np

GROWTH_WITHIN = 0.5  # standard errors
RESOLVED_FROM = 15.0  # standard errors
TRUE_RATIO = "true_ratio"
"""The estimator of calibrations that knows the laws: what others are held up to, and never one of them."""
WITNESSES = ("kl", "js", "squared_hellinger")


@overload
def is_growing(growth: float, stderr: float) -> bool: ...
@overload
def is_growing(growth: np.ndarray, stderr: np.ndarray) -> np.ndarray: ...
def is_growing(growth: float | np.ndarray, stderr: float | np.ndarray) -> bool | np.ndarray:
    """Whether critics that were given less stayed behind by more than noise; of arrays, where they did.

    Args:
        growth: the estimate less that with half of points and steps.
        stderr: its standard error.
    """
    return growth > GROWTH_WITHIN * stderr


@overload
def is_unresolved(excess: float, stderr: float) -> bool: ...
@overload
def is_unresolved(excess: np.ndarray, stderr: np.ndarray) -> np.ndarray: ...
def is_unresolved(excess: float | np.ndarray, stderr: float | np.ndarray) -> bool | np.ndarray:
    """Whether an estimate is too small beside its noise for growth to say what it lacks; of arrays, where it is.

    Args:
        excess: the estimate less D(P‖P).
        stderr: its standard error.
    """
    return (excess < RESOLVED_FROM * stderr) | (excess <= 0)
