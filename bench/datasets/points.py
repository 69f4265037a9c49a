"""Ring and grid of Gaussians: 2-D points with known modes, for mode coverage.

The defaults are those of PacGAN (Lin et al. 2018, sec. 4.1 and its published code), which follows VEEGAN (Srivastava et
al. 2017, sec. 4.1).
"""

from __future__ import annotations

import math

import numpy as np

from bench.datasets.base import Dataset, register_dataset
from bench.datasets.gaussians import Floats, gaussian_mixture
from bench.datasets.parameters import Count, Positive


@register_dataset("ring")
def ring(modes: Count = 8, radius: Positive = 1.0, scale: Positive = 0.01, size: Count = 100_000) -> Dataset:
    """Equally likely Gaussians on a circle around the origin.

    Args:
        modes: number of Gaussians, at angles 2πk/modes.
        radius: radius of the circle.
        scale: standard deviation of each Gaussian.
        size: number of training examples.
    """
    angles = [2 * math.pi * k / modes for k in range(modes)]
    # math, not numpy: numpy's vectorised sine differs in its last bit between processors, and fingerprints with it
    centres = np.array([(radius * math.cos(a), radius * math.sin(a)) for a in angles])
    return _equally_likely("ring", centres, scale, size)


@register_dataset("grid")
def grid(side: Count = 5, spacing: Positive = 2.0, scale: Positive = 0.05, size: Count = 100_000) -> Dataset:
    """Equally likely Gaussians on a square grid centred at the origin.

    Args:
        side: Gaussians along each side: there are side² of them.
        spacing: distance between neighbours.
        scale: standard deviation of each Gaussian.
        size: number of training examples.
    """
    line = spacing * (np.arange(side) - (side - 1) / 2)
    centres = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return _equally_likely("grid", centres, scale, size)


def _equally_likely(name: str, centres: Floats, scale: float, size: int) -> Dataset:
    ones = np.ones(len(centres))
    return gaussian_mixture(name, weights=ones, centres=centres, scale=scale * ones, size=size)
