"""The default estimator: the variational bound at held-out points of one cross-fitted log-ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from bench.divergences import Divergence
from bench.metrics.estimation.estimators import DEFAULT, Value, register_estimator
from bench.metrics.estimation.heldout import heldout_bound
from bench.metrics.estimation.ratio import EFFORTS, fit_log_ratio, halve, make_design


@register_estimator(DEFAULT, version=3, scaling="columns", efforts=tuple(EFFORTS))
def cross_fitted_critic(
    p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator, effort: str
) -> dict[str, Value]:
    """One log-ratio, fitted by cross-fitted critics, serves every divergence: a lower bound in expectation.

    A second fit with half of the points, critics and steps says how much the bound still grows.
    """
    design = make_design(p, q, generator)
    how = EFFORTS[effort]
    ratios, fewer = (fit_log_ratio(d, e, generator) for d, e in ((design, how), (halve(design), how.halved())))
    return {d.name: _add_growth(heldout_bound(d, ratios), heldout_bound(d, fewer)) for d in divergences}


def _add_growth(value: Value, of_fewer: Value) -> Value:
    return replace(value, growth=value.value - of_fewer.value)
