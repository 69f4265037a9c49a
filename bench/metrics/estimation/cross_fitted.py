"""The default estimator: the variational bound at held-out points of one cross-fitted log-ratio."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bench.divergences import Divergence
from bench.metrics.estimation.estimators import DEFAULT, Value, register_estimator
from bench.metrics.estimation.heldout import heldout_bound
from bench.metrics.estimation.ratio import fit_log_ratio


@register_estimator(DEFAULT, version=2, scaling="columns")
def cross_fitted_critic(
    p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator
) -> dict[str, Value]:
    """One log-ratio, fitted by cross-fitted critics, serves every divergence: a lower bound in expectation."""
    ratios = fit_log_ratio(p, q, generator)
    return {d.name: heldout_bound(d, ratios) for d in divergences}
