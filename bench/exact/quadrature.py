"""Adaptive quadrature of q f(p/q) in one dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy.integrate import cubature
from torch import Tensor
from torch.distributions import Distribution, Independent, MixtureSameFamily

from bench.divergences import Divergence
from bench.errors import BenchError
from bench.exact.integrand import integrand

MAX_DIMENSIONS = 1
_REACH = 45.0  # x = centre + scale · sinh t, |t| ≤ 45, reaches 10¹⁹ scales
_MARKS = (-6.0, -2.0, 0.0, 2.0, 6.0)  # where the line is cut first, in scales around each component
_RELATIVE, _ACCEPTED = 1e-9, 1e-7
_SLOWEST = -0.5  # decay in t that truncation at |t| = 45 can bear: e^(−0.5 · 45) = 2e-10


def integrate(d: Divergence, p: Distribution, q: Distribution) -> float:
    """∫ q f(p/q), by adaptive Gauss–Kronrod quadrature after the substitution x = centre + scale · sinh t.

    The substitution turns algebraic tails into exponential ones; the first cuts lie around every component's location,
    so that no sharp mode is missed.

    Raises:
        BenchError: if the tails decay too slowly, or the error estimate stays too large.
    """
    marks = [mark for law in (p, q) for mark in _landmarks(law)]
    centre = torch.stack([location for location, _ in marks]).mean(0)
    scale = torch.stack([width for _, width in marks]).amax(0)
    value = integrand(d, p, q)
    if _tails_are_infinite(d.name, value, centre, scale):
        return math.inf

    def transformed(t: np.ndarray) -> np.ndarray:
        u = torch.as_tensor(t, dtype=torch.float64)
        density: np.ndarray = (value(centre + scale * u.sinh()) * (scale * u.cosh()).prod(1)).numpy()
        return density

    cuts = {float(torch.asinh((at + k * width - centre) / scale)) for at, width in marks for k in _MARKS}
    points = [np.array([cut]) for cut in sorted(cuts)]
    with np.errstate(invalid="ignore"):
        result = cubature(transformed, [-_REACH], [_REACH], rtol=_RELATIVE, points=points)
    estimate, error = float(result.estimate), float(result.error)
    if math.isinf(estimate) or math.isnan(estimate):
        return math.inf
    if error > _ACCEPTED * abs(estimate) + 1e-13:
        raise BenchError(
            f"exact_divergence('{d.name}'): quadrature gives {estimate:.6g} with an error of {error:.1g}; expected a "
            "relative error of 1e-7; the densities are too rough for it"
        )
    return estimate


def _landmarks(law: Distribution) -> Iterator[tuple[Tensor, Tensor]]:
    """Location and width of every component, shape (d,) each."""
    base = law.base_dist if isinstance(law, Independent) else law
    if isinstance(base, MixtureSameFamily):
        components = base.component_distribution
        count = components.batch_shape[-1]
        locations, widths = _location_and_width(components)
        yield from zip(locations.reshape(count, -1), widths.reshape(count, -1), strict=True)
        return
    location, width = _location_and_width(base)
    yield location.reshape(-1), width.reshape(-1)


def _location_and_width(law: Distribution) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation, or location and scale where those do not exist."""
    mean, width = law.mean.double(), law.variance.double().sqrt()
    if bool(mean.isfinite().all()) and bool(width.isfinite().all()):
        return mean, width
    base = law.base_dist if isinstance(law, Independent) else law
    if hasattr(base, "loc") and hasattr(base, "scale"):
        return base.loc.double(), base.scale.double().expand_as(base.loc)
    raise BenchError(f"exact_divergence: {type(base).__name__} has neither a variance nor a scale to start from")


def _tails_are_infinite(name: str, value: Callable[[Tensor], Tensor], centre: Tensor, scale: Tensor) -> bool:
    """Whether the integrand, towards infinity, ceases to decay.

    Raises:
        BenchError: if it decays too slowly to tell, or to be integrated.
    """
    t = torch.linspace(30.0, _REACH, 16, dtype=torch.float64)
    for side in (-1.0, 1.0):
        size = value(centre + side * scale * t.sinh()[:, None]).abs()
        if bool(size.isinf().any()):
            return True
        logs = size.log() + t  # dx = scale · cosh t dt
        seen = logs[logs.isfinite()]
        if len(seen) < 2 or float(seen.max()) < math.log(1e-30):
            continue
        decay = float((seen[-1] - seen[0]) / (len(seen) - 1) / (t[1] - t[0]))
        if decay > -1e-3:
            return True
        if decay > _SLOWEST:
            raise BenchError(
                f"exact_divergence('{name}'): the integrand decays like |x|^({decay - 1:.2g}), too slowly to integrate"
            )
    return False
