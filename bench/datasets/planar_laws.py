"""Laws of points in the plane that torch.distributions lacks: curved, funnel-shaped and ring-shaped ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal, constraints

NormalAt = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From values of the first coordinate to mean and log standard deviation of the second one there, of the same shape."""
_PLANE, _ONE = torch.Size((2,)), torch.Size()
_NARROWEST = -300.0  # least log standard deviation: beyond it squares of its inverse are no numbers


class NormalGiven(Distribution):
    """A law of (X, Y), event shape (2,): X of any law on the line, Y normal given X.

    Args:
        first: the law of X; its log-density is −∞ off its support.
        second: the law of Y given X.
        ends: lower and upper end of the support of X.
    """

    arg_constraints = {}  # noqa: RUF012 - as torch declares it

    def __init__(
        self, first: Distribution, second: NormalAt, ends: tuple[float, float] = (-math.inf, math.inf)
    ) -> None:
        self.first, self.second, self.ends = first, second, ends
        super().__init__(event_shape=_PLANE, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        """The strip between the ends of X."""
        low, high = (
            torch.tensor([end, sign * math.inf], dtype=torch.float64)
            for end, sign in zip(self.ends, (-1, 1), strict=True)
        )
        strip = constraints.interval(low, high)  # type: ignore[no-untyped-call]
        return constraints.independent(strip, 1)  # type: ignore[no-untyped-call]

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density, shape (...), of points (..., 2)."""
        x, y = value.unbind(-1)
        mean, log_scale = self.second(x)
        deviation = (y - mean) * (-log_scale).exp()
        return self.first.log_prob(x) - 0.5 * deviation.square() - log_scale - 0.5 * math.log(2 * math.pi)

    def sample(self, sample_shape: torch.Size | list[int] | tuple[int, ...] = _ONE) -> Tensor:
        """Draws, shape (*sample_shape, 2), from torch's global generator."""
        x = self.first.sample(torch.Size(sample_shape))
        mean, log_scale = self.second(x)
        return torch.stack([x, mean + log_scale.exp() * torch.randn_like(x)], -1)


class Annulus(Distribution):
    """A ring around the origin, event shape (2,): the angle is uniform, the radius N(r, σ²), a negative one opposite.

    The density at distance ρ is [φ((ρ − r)/σ) + φ((ρ + r)/σ)] / 2πρσ, φ the standard normal density.

    Args:
        radius: r.
        scale: σ.
    """

    arg_constraints = {}  # noqa: RUF012 - as torch declares it
    support = constraints.real_vector

    def __init__(self, radius: float, scale: float) -> None:
        self.distance = Normal(*torch.tensor([radius, scale], dtype=torch.float64))
        super().__init__(event_shape=_PLANE, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density, shape (...), of points (..., 2)."""
        distance: Tensor = value.norm(dim=-1)
        ahead, opposite = (self.distance.log_prob(d) for d in (distance, -distance))  # type: ignore[no-untyped-call]
        both: Tensor = torch.logaddexp(ahead, opposite)
        return both - math.log(2 * math.pi) - distance.log()

    def sample(self, sample_shape: torch.Size | list[int] | tuple[int, ...] = _ONE) -> Tensor:
        """Draws, shape (*sample_shape, 2), from torch's global generator."""
        distance: Tensor = self.distance.sample(torch.Size(sample_shape))  # type: ignore[no-untyped-call]
        angle = 2 * math.pi * torch.rand_like(distance)
        return torch.stack([distance * angle.cos(), distance * angle.sin()], -1)


@dataclass(frozen=True)
class Parabola:
    """Y given X = x: N(b (x² − σ²), 1), whose mean over X ~ N(0, σ²) is zero."""

    b: float
    scale: float

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of Y at x."""
        return self.b * (x.square() - self.scale**2), torch.zeros_like(x)


@dataclass(frozen=True)
class Wave:
    """Y given X = x: N(A cos ωx, 1)."""

    amplitude: float
    frequency: float

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of Y at x."""
        return self.amplitude * (self.frequency * x).cos(), torch.zeros_like(x)


@dataclass(frozen=True)
class Narrowing:
    """Y given X = x: N(0, min(e^−x, limit))."""

    limit: float

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of Y at x."""
        return torch.zeros_like(x), (-0.5 * x).clamp(min=_NARROWEST, max=0.5 * math.log(self.limit))
