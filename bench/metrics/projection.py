"""The normal law that a divergence finds nearest to a law on the line, and how far a trained linear generator is off.

M-projection, I-projection and all between (Ryu 2025, sec. 1 and 3.1; protocols, tables A and F).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal

from bench.column import Column
from bench.divergences import divergence
from bench.errors import ArgumentError
from bench.exact import exact_divergence
from bench.metrics.base import Subject, register_metric

REMEMBERED = 64
_TOLERANCE = 1e-6
"""On μ and log σ; the value, flat at its minimum, is exact to the square of it."""
_MOST_STEPS = 400
_GROUP = "Samples"
COLUMNS = (
    Column(
        "mean_from_optimum", "Mean, from optimum", "Mean of the model's law less that of the normal law that is "
        "nearest in the divergence that the model was trained on.", _GROUP, order=2,
    ),
    Column(
        "std_from_optimum", "Std, from optimum", "The same of the standard deviation.", _GROUP, order=3,
    ),
    Column(
        "excess_divergence", "Excess", "Exact divergence of the data from the model, less the smallest that a "
        "normal law can have: 0 for the optimum.", _GROUP, "nats", better="lower", digits=3, order=4,
    ),
    Column("optimum_mean", "Optimal mean", "Mean of the nearest normal law.", _GROUP, fixed=True, order=5),
    Column("optimum_std", "Optimal std", "Its standard deviation.", _GROUP, lower=0.0, fixed=True, order=6),
    Column(
        "optimum_divergence", "Optimal divergence", "The divergence of the data from it.", _GROUP, "nats", fixed=True,
        order=7,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Projection:
    """The normal law nearest to P: argmin over μ and σ of D_f(P‖N(μ, σ²)).

    Attributes:
        mean: μ*.
        std: σ*.
        value: D_f(P‖N(μ*, σ*²)), in nats.
    """

    mean: float
    std: float
    value: float


def project_on_normal(name: str, p: Distribution, start: tuple[float, float] = (0.0, 1.0)) -> Projection:
    """The normal law at which D_f(P‖·) is smallest, by the Nelder–Mead simplex on exact values.

    For kl it has the mean and the standard deviation of P. Where there are several local minima, it is the one that the
    simplex comes to from `start`.

    Args:
        name: a divergence.
        p: a law on the line, with event shape () or (1,).
        start: mean and standard deviation that the search starts at.

    Raises:
        ArgumentError: if P is not a law on the line, or the divergence is infinite at `start`.
    """
    if p.event_shape.numel() != 1:
        found = tuple(p.event_shape)
        raise ArgumentError(f"project_on_normal: found a law with event shape {found}; expected one on the line")
    return _project(divergence(name).name, p, start)


@functools.lru_cache(maxsize=REMEMBERED)
def _project(name: str, p: Distribution, start: tuple[float, float]) -> Projection:
    """Worked out once for all seeds: laws are alike only if they are one object."""
    first = np.array([start[0], math.log(start[1])], dtype=np.float64)
    if not math.isfinite(_measure(name, p, first)):
        raise ArgumentError(
            f"project_on_normal: {name} is infinite at N({start[0]:g}, {start[1]:g}²); start the search elsewhere"
        )
    found = minimize(
        functools.partial(_measure, name, p),
        first,
        method="Nelder-Mead",
        options={"xatol": _TOLERANCE, "fatol": _TOLERANCE**2, "maxiter": _MOST_STEPS},
    )
    return Projection(float(found.x[0]), math.exp(float(found.x[1])), float(found.fun))


def _measure(name: str, p: Distribution, at: NDArray[np.float64]) -> float:
    mean, log_std = (torch.tensor([value], dtype=torch.float64) for value in at)
    q: Distribution = Normal(mean, log_std.exp())
    return float(exact_divergence(name, p, Independent(q, 1) if p.event_shape else q))


@register_metric("projection", version=1, columns=COLUMNS)
def measure_projection(subject: Subject) -> dict[str, float]:
    """How far a normal law that was trained on a divergence is from the nearest one; nothing for other models.

    Measured where data on the line have a known density and the model's law is normal: linear generators with normal
    latents. The search starts at the mean and standard deviation of the test split.
    """
    data, law = subject.data, subject.law
    if data.density is None or data.shape != (1,) or subject.trained_on is None:
        return {}
    if not isinstance(law, MultivariateNormal):
        return {}
    start = (float(data.test.double().mean()), float(data.test.double().std()))
    optimum = project_on_normal(subject.trained_on, data.density, start)
    reached = float(exact_divergence(subject.trained_on, data.density, law))
    return {
        "mean_from_optimum": float(law.mean) - optimum.mean,
        "std_from_optimum": float(law.variance.sqrt()) - optimum.std,
        "excess_divergence": reached - optimum.value,
        "optimum_mean": optimum.mean,
        "optimum_std": optimum.std,
        "optimum_divergence": optimum.value,
    }
