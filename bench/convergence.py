"""How much an estimate still grows with what critics are given: what its standard error cannot see.

A standard error is sampling noise. That critics do not reach log p/q, for want of points or of steps, makes a bound too
low by more, and no held-out point shows it. What shows it is that with half of the points and half of the steps the
bound at the same held-out points is lower still.
"""

from __future__ import annotations

GROWTH_WITHIN = 0.5  # standard errors; see is_converged


def is_converged(growth: float, stderr: float) -> bool:
    """Whether an estimate is as near to the divergence as its standard error says, as far as can be told.

    In the calibration suite, of estimates that grew by no more than `GROWTH_WITHIN` of their standard errors when
    critics were given twice as much, at least 95 % are within three standard errors of the exact value.

    Args:
        growth: the estimate less that with half of points and steps.
        stderr: its standard error.
    """
    return growth <= GROWTH_WITHIN * stderr
