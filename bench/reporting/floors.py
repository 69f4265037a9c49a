"""The floor: what a perfect model gets at the sample size at hand, for every figure that has a formula for it.

A formula stands beside its column's name in `FLOORS`; it is given numbers of other columns of the same runs. Where one
of these is missing or differs between the runs, there is no floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from bench.reporting.cells import Cell, Reference, Row
from bench.reporting.columns import describe, lower_end
from bench.reporting.variants import metric_columns, numbers, protocol_of

LABEL = "floor"
NEIGHBOURS = 5
"""k of density and coverage (Naeem et al. 2020)."""
_PLANAR = frozenset({"ring", "grid"})
"""Datasets, with parameters as they are by default, whose modes are isotropic, in two dimensions and far apart."""
_CLASSIFIER = "mode_classifier"


def _always(_: pd.DataFrame) -> bool:
    return True


def _has_planar_modes(rows: pd.DataFrame) -> bool:
    return set(rows["dataset_name"]) <= _PLANAR


def _has_separate_modes(rows: pd.DataFrame) -> bool:
    """Whether an example's mode is the one that it was drawn from, up to the errors of a classifier that tells it."""
    return _has_planar_modes(rows) or (_CLASSIFIER in rows.columns and bool(rows[_CLASSIFIER].notna().all()))


@dataclass(frozen=True)
class Floor:
    """How a perfect model's figure follows from other columns.

    Attributes:
        needs: columns of numbers that the formula takes, in order.
        value: the formula.
        holds: whether it holds for some runs.
    """

    needs: tuple[str, ...]
    value: Callable[..., float]
    holds: Callable[[pd.DataFrame], bool] = _always


def mode_kl_floor(modes: float, n: float) -> float:
    """Expected KL, in nats, of a histogram of n draws to the law they are from: (K − 1)/(2n), to first order in 1/n.

    Where modes overlap it is more, since the nearest mode of a point need not be the one that it was drawn from.
    """
    return (modes - 1) / (2 * n)


def coverage_floor(n: float) -> float:
    """Expected coverage of n examples by n of the same law (Naeem et al. 2020): 1 − ∏ (n − i)/(2n − i), i ≤ k.

    An example is not covered if its k nearest of the n − 1 real and n generated others are all real.
    """
    return 1 - math.prod((n - i) / (2 * n - i) for i in range(1, NEIGHBOURS + 1))


FLOORS = {
    # A sample is in the neighbourhood of each of n examples with probability k/n; their number is divided by k.
    "density": Floor((), lambda: 1.0),
    "coverage": Floor(("coverage_n",), coverage_floor),
    # Unbiased (Gretton et al. 2012, lemma 6).
    "kid": Floor((), lambda: 0.0),
    "modes_covered": Floor(("modes_total",), lambda modes: modes),
    # Within 3 standard deviations: chi-square with two degrees of freedom, at 9.
    "high_quality_fraction": Floor((), lambda: -math.expm1(-4.5), _has_planar_modes),
    "mode_kl": Floor(("modes_total", "mode_n"), mode_kl_floor, _has_separate_modes),
}
"""The formulas, by column; those of the divergences are `lower_end`."""


def floor(dataset: str, runs: pd.DataFrame) -> list[Reference]:
    """The floor of one dataset, a figure per column and protocol; empty if no figure has a formula.

    Args:
        dataset: its name in `runs`.
        runs: runs as `identified` gives them.
    """
    done = runs[(runs["dataset"] == dataset) & (runs["status"] == "done")]
    cells = {}
    for metric in metric_columns(done):
        formula = _formula(metric)
        measured = done[numbers(done[metric]).notna()]
        if formula is None or not formula.holds(measured):
            continue
        for protocol, rows in measured.groupby(protocol_of(measured, metric), sort=False):
            value = _value(formula, rows)
            if value is not None:
                cells[metric, str(protocol)] = Cell(value, None, None, digits=describe(metric).digits)
    return [Reference(Row(LABEL, "reference", ()), cells)] if cells else []


def _formula(metric: str) -> Floor | None:
    divergence = describe(metric).divergence
    return Floor((), lambda: lower_end(divergence)) if divergence else FLOORS.get(metric)


def _value(formula: Floor, rows: pd.DataFrame) -> float | None:
    """What the formula gives where each column that it needs has one value in all rows."""
    if not set(formula.needs) <= set(rows.columns):
        return None
    known = [numbers(rows[name]).unique() for name in formula.needs]
    if any(len(values) != 1 or math.isnan(values[0]) for values in known):
        return None
    return formula.value(*(float(values[0]) for values in known))


__all__ = ["FLOORS", "LABEL", "NEIGHBOURS", "Floor", "coverage_floor", "floor", "mode_kl_floor"]
