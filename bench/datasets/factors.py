"""Correlated points of a linear factor model, whose density and posterior are Gaussian and known."""

from __future__ import annotations

import numpy as np
import torch
from torch.distributions import MultivariateNormal

from bench.datasets.base import Dataset, fingerprint, register_dataset
from bench.datasets.gaussians import ENTROPY, Floats, draw_splits
from bench.datasets.parameters import Count, Positive

_LOADINGS = 3  # the stream after those of the three splits


@register_dataset("factors", shape=lambda parameters: (parameters["dimension"],))
def factors(dimension: Count = 5, factors: Count = 2, noise: Positive = 0.5, size: Count = 100_000) -> Dataset:
    """Points x = W z + b + noise · e with z and e standard normal: N(b, W Wᵀ + noise² I), not independent coordinates.

    W and b are drawn once from N(0, 1), the same for every size; validation and test hold 10,000 points each.

    Args:
        dimension: d of a point.
        factors: dimension of z.
        noise: standard deviation of the noise.
        size: number of training examples.
    """
    drawn = np.random.default_rng([ENTROPY, _LOADINGS]).standard_normal((dimension, factors + 1))
    loadings, centre = drawn[:, 1:], drawn[:, 0]
    train, validation, test = draw_splits(lambda rng, n: _draw(rng, n, loadings, centre, noise), size)
    return Dataset(
        name="factors",
        train=train,
        validation=validation,
        test=test,
        fingerprint=fingerprint(train, validation, test),
        density=_density(loadings, centre, noise),
    )


def _draw(rng: np.random.Generator, n: int, loadings: Floats, centre: Floats, noise: float) -> Floats:
    """`n` points, shape (n, d); by sums in a fixed order, since those of BLAS differ between processors."""
    z, e = rng.standard_normal((n, loadings.shape[1])), rng.standard_normal((n, len(centre)))
    points = centre + noise * e
    for loading, factor in zip(loadings.T, z.T, strict=True):
        points = points + factor[:, None] * loading
    return points


def _density(loadings: Floats, centre: Floats, noise: float) -> MultivariateNormal:
    """The distribution itself, event shape (d,), float64."""
    covariance = loadings @ loadings.T + noise**2 * np.eye(len(centre))
    return MultivariateNormal(torch.from_numpy(centre.copy()), torch.from_numpy(covariance))
