"""Speed of metrics against a library that computes the same.

`make benchmark` prints each group with the ratio to its fastest row.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torchmetrics.image.fid import _compute_fid

from bench import frechet_distance, parzen_log_likelihood
from bench.metrics.features.frechet import gaussian_frechet

FEATURES = torch.randn(2, 5000, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("who", ["bench", "torchmetrics"])
def test_frechet_distance_of_gaussians(benchmark: Any, who: str) -> None:
    benchmark.group = "Fréchet distance of two Gaussians, d = 64"
    moments = [moment for x in FEATURES for moment in (x.mean(0), torch.cov(x.T))]
    benchmark(gaussian_frechet if who == "bench" else _compute_fid, *moments)


def test_frechet_distance_of_samples(benchmark: Any) -> None:
    benchmark.group = "Fréchet distance of 5,000 and 5,000 points, d = 64"
    benchmark(frechet_distance, FEATURES[0], FEATURES[1])


@pytest.mark.parametrize("what", ["bench", "matrix product alone"])
def test_parzen(benchmark: Any, what: str) -> None:
    benchmark.group = "Parzen log-likelihood, 2,000 × 1,000 points of 784 dimensions, one bandwidth"
    samples, test = (torch.rand(n, 784, generator=torch.Generator().manual_seed(n)) for n in (2000, 1000))
    if what == "bench":
        benchmark(parzen_log_likelihood, samples, test, test, bandwidths=[0.2])
    else:
        benchmark(lambda: test @ samples.T)
