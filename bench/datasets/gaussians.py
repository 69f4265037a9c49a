"""Datasets drawn from a mixture of isotropic Gaussians."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from bench.datasets.base import Dataset, Modes, fingerprint

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
"""From a generator and n to n points, float64, shape (n, d)."""

HELD_OUT = 10_000
ENTROPY = 20_161_205  # of all draws below; a change gives every dataset here another fingerprint


def gaussian_mixture(name: str, *, weights: Floats, centres: Floats, scale: Floats, size: int) -> Dataset:
    """A dataset of independent draws from a mixture of isotropic Gaussians, a function of the arguments only.

    Args:
        name: name of the dataset.
        weights: probability of each component, shape (M,); normalised here.
        centres: component means, shape (M, d).
        scale: standard deviation of each component, shape (M,).
        size: number of training examples. Validation and test hold 10,000 each and do not depend on it.

    Returns:
        A dataset of points of shape (d,), with its modes and its density.
    """
    weights = weights / weights.sum()
    train, validation, test = draw_splits(lambda rng, n: _draw(rng, n, weights, centres, scale), size)
    return Dataset(
        name=name,
        train=train,
        validation=validation,
        test=test,
        fingerprint=fingerprint(train, validation, test),
        modes=Modes(*(torch.from_numpy(a.astype(np.float32)) for a in (centres, scale, weights))),
        density=_density(weights, centres, scale),
    )


def draw_splits(draw: Draw, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Train, validation and test, float32, shape (n, d) each; the last two hold 10,000 and do not depend on `size`.

    NumPy draws them, in float64: torch's normal numbers differ in their last bits with the processor's vector units,
    and fingerprints, hence run ids, would with them.
    """
    train, validation, test = (
        torch.from_numpy(draw(np.random.default_rng([ENTROPY, split]), n).astype(np.float32))
        for split, n in enumerate((size, HELD_OUT, HELD_OUT))
    )
    return train, validation, test


def _draw(rng: np.random.Generator, n: int, weights: Floats, centres: Floats, scale: Floats) -> Floats:
    component = rng.choice(len(weights), size=n, p=weights)
    noise = rng.standard_normal((n, centres.shape[1]))
    points: Floats = centres[component] + scale[component, None] * noise
    return points


def _density(weights: Floats, centres: Floats, scale: Floats) -> MixtureSameFamily:
    """The distribution itself, event shape (d,), float64."""
    components = Normal(torch.from_numpy(centres), torch.from_numpy(scale)[:, None])
    return MixtureSameFamily(Categorical(torch.from_numpy(weights)), Independent(components, 1))
