"""Short names for the distributions that the tests of exact divergences are about, all in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, MixtureSameFamily, MultivariateNormal, Normal

RING_SCALE = 0.01


def tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def normal(mean: float, scale: float) -> Normal:
    return Normal(*tensor(mean, scale))


def mixture(weights: Sequence[float], locations: Sequence[float], widths: Sequence[float]) -> MixtureSameFamily:
    return MixtureSameFamily(Categorical(tensor(*weights)), Normal(tensor(*locations), tensor(*widths)))


def product(law: type[Distribution], *parameters: Sequence[float]) -> Independent:
    return Independent(law(*(tensor(*values) for values in parameters)), 1)


def gaussian(mean: Sequence[float], scales: Sequence[float], correlation: float = 0.0) -> MultivariateNormal:
    scale = tensor(*scales)
    matrix = torch.full((len(scale), len(scale)), correlation, dtype=torch.float64).fill_diagonal_(1.0)
    return MultivariateNormal(tensor(*mean), scale[:, None] * matrix * scale)


def blobs(
    centres: Sequence[Sequence[float]], scale: float, weights: Sequence[float] | None = None
) -> MixtureSameFamily:
    at = torch.tensor(centres, dtype=torch.float64)
    probabilities = tensor(*(weights or [1.0] * len(at)))
    return MixtureSameFamily(Categorical(probabilities), Independent(Normal(at, torch.full_like(at, scale)), 1))


def ring(scale: float = RING_SCALE, modes: int = 8) -> MixtureSameFamily:
    """Of eight Gaussians on the unit circle, the first `modes`."""
    angles = [2 * math.pi * k / 8 for k in range(modes)]
    return blobs([(math.cos(angle), math.sin(angle)) for angle in angles], scale)
