"""A plugin file for the tests: quick estimators, good and bad ones, and a shape."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Laplace, MultivariateNormal

from bench import exact_divergence, register_estimator
from bench.calibration import register_shape
from bench.divergences import Divergence
from bench.errors import BenchError
from bench.metrics import Value

CLOSED = ("kl", "reverse_kl", "squared_hellinger")


@register_estimator("plug_in", version=3, only=CLOSED)
def plug_in(p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator) -> dict[str, Value]:
    """The exact divergence of two Gaussians with the samples' moments."""
    p_law, q_law = (MultivariateNormal(x.double().mean(0), torch.cov(x.double().T).reshape(x.shape[1], -1))
                    for x in (p, q))  # fmt: skip
    return {d.name: Value(float(exact_divergence(d.name, p_law, q_law)), 2 / math.sqrt(len(p))) for d in divergences}


@register_estimator("half_blind", version=1)
def half_blind(p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator) -> dict[str, Value]:
    """No number for kl, an infinite one for js, no standard error for any."""
    odd = {"kl": math.nan, "js": math.inf}
    return {d.name: Value(odd.get(d.name, 0.5), None) for d in divergences}


@register_estimator("refusing", version=1)
def refusing(p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator) -> dict[str, Value]:
    """Refuses more than one dimension."""
    if p.shape[1] > 1:
        raise BenchError("estimator 'refusing': found 2 dimensions; expected 1")
    return {d.name: Value(0.0, 1.0) for d in divergences}


@register_estimator("dying", version=1)
def dying(p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator) -> dict[str, Value]:
    """Takes its process with it."""
    os._exit(137)


@register_shape("peaked")
def peaked(d: int, strength: float) -> tuple[Distribution, Distribution]:
    """Laplace laws, one of them shifted."""
    shifts = torch.zeros(2, d, dtype=torch.float64)
    shifts[0, 0] = strength
    p, q = (Independent(Laplace(shift, torch.ones(d, dtype=torch.float64)), 1) for shift in shifts)
    return p, q


def _miss() -> None:
    raise BenchError("estimator 'uninstalled': install it: pip install uninstalled")


@register_estimator("uninstalled", version=1, require=_miss)
def uninstalled(
    p: Tensor, q: Tensor, divergences: Sequence[Divergence], generator: torch.Generator
) -> dict[str, Value]:
    """Of a package that is not there."""
    raise AssertionError("it is not to be asked")


@register_estimator("dependence", version=1, only=("kl",), given="joint")
def dependence(x: Tensor, y: Tensor, divergences: Sequence[Divergence], generator: torch.Generator) -> dict[str, Value]:
    """The mutual information of two Gaussian coordinates with the sample's correlation."""
    rho = float(torch.corrcoef(torch.stack([x[:, 0], y[:, 0]]))[0, 1])
    return {d.name: Value(-math.log1p(-(rho**2)) / 2, None) for d in divergences}
