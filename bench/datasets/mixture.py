"""A mixture of Gaussians on the line: the data of the f-GAN paper's first experiment."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from bench.datasets.base import Dataset, register_dataset
from bench.datasets.gaussians import gaussian_mixture
from bench.datasets.parameters import Count, Positive

ROUNDING = 1e-6


def _sums_to_one(weights: tuple[float, ...]) -> tuple[float, ...]:
    if abs(math.fsum(weights) - 1) > ROUNDING:
        raise PydanticCustomError("weights", "weights that sum to 1")
    return weights


def _one_per_weight(values: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
    weights = info.data.get("weights")  # absent if they are at fault themselves
    if weights is not None and len(values) != len(weights):
        raise PydanticCustomError("length", "as many numbers as there are weights ({count})", {"count": len(weights)})
    return values


Weights = Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(_sums_to_one)]
Means = Annotated[tuple[float, ...], AfterValidator(_one_per_weight)]
Variances = Annotated[tuple[Positive, ...], AfterValidator(_one_per_weight)]


@register_dataset("mixture")
def mixture(
    weights: Weights = (0.33, 0.67),
    means: Means = (-1.0, 2.0),
    variances: Variances = (0.065, 2.0),
    size: Count = 100_000,
) -> Dataset:
    """A mixture of Gaussians in one dimension; examples have shape (1,).

    The default, 0.33 N(−1, 0.065) + 0.67 N(2, 2), is fitted to the starred rows of table 3 of Nowozin et al. 2016, who
    do not print their mixture: it gives all 15 figures back within 7.3e-4.

    Args:
        weights: probability of each component; they sum to 1.
        means: mean of each component.
        variances: variance (not standard deviation) of each component.
        size: number of training examples.
    """
    return gaussian_mixture(
        "mixture",
        weights=np.array(weights),
        centres=np.array(means)[:, None],
        scale=np.sqrt(np.array(variances)),
        size=size,
    )
