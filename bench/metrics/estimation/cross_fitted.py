"""The default estimator: the variational bound at held-out points of one cross-fitted log-ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from bench.convergence import WITNESSES, is_growing, is_unresolved
from bench.divergences import Divergence, divergence
from bench.metrics.estimation.estimators import DEFAULT, Value, register_estimator
from bench.metrics.estimation.heldout import heldout_bound
from bench.metrics.estimation.ratio import EFFORTS, LogRatios, fit_log_ratio, halve, make_design


@register_estimator(DEFAULT, version={name: effort.version for name, effort in EFFORTS.items()}, scaling="columns")
def cross_fitted_critic(
    p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator, effort: str
) -> dict[str, Value]:
    """One log-ratio, fitted by cross-fitted critics, serves every divergence: a lower bound in expectation.

    A second fit with half of the points, critics and steps says how much the bound still grows.
    """
    how = EFFORTS[effort]
    design = make_design(p, q, generator, every_pair=how.every_pair)
    ratios, fewer = (fit_log_ratio(d, e, generator) for d, e in ((design, how), (halve(design), how.halved())))
    every = {d.name: d for d in [*divergences, *map(divergence, WITNESSES)]}
    values = {name: _estimate(d, ratios, fewer) for name, d in every.items()}
    reliable = {name: _has_converged(values[name], d.lower) for name, d in every.items()}
    witnessed = all(reliable[name] for name in WITNESSES)
    return {d.name: replace(values[d.name], converged=witnessed and reliable[d.name]) for d in divergences}


def _estimate(d: Divergence, ratios: LogRatios, fewer: LogRatios) -> Value:
    value = heldout_bound(d, ratios)
    return replace(value, growth=value.value - heldout_bound(d, fewer).value)


def _has_converged(value: Value, lower: float) -> bool:
    stderr = value.stderr or 0.0
    return not is_growing(value.growth or 0.0, stderr) and not is_unresolved(value.value - lower, stderr)
