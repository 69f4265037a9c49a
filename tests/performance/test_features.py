"""Speed of metrics in feature space: 10,000 test against 10,000 generated examples, d = 64.

`make benchmark` prints each group with the ratio to its fastest row. "first model" has everything to compute, "next
model" has what depends on real data alone from the model before it. Rows named after a library do what it does.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

from bench.metrics.features import frechet_distance, frechet_infinity, gaussian_frechet
from bench.metrics.features.extrapolation import extrapolate, leave_out
from bench.metrics.features.frechet import Gaussian
from bench.metrics.features.kernel import compare_within, estimate_discrepancy, kernel_distance
from bench.metrics.features.manifold import compute_manifold_figures, measure_data_radii
from bench.metrics.features.reference import Reference

N, SIZE = 10_000, 64


def features(seed: int, n: int = N) -> Tensor:
    """Correlated and rectified, as a network's."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(SIZE, SIZE, generator=torch.Generator().manual_seed(0), dtype=torch.float64) / SIZE**0.5
    return torch.relu(torch.randn(n, SIZE, generator=generator, dtype=torch.float64) @ mixing)


REAL, GENERATED = features(1), features(2)


def figures(real: Reference, generated: Tensor) -> None:
    """What the protocols fid, kid, precision, recall, density and coverage compute."""
    real.once("fit", Gaussian.fit).distance(Gaussian.fit(generated))
    extrapolate(real.once("parts", leave_out), generated)
    estimate_discrepancy(real.features, real.once("kernel", compare_within), generated)
    compute_manifold_figures(real.features, real.once("radii", measure_data_radii), generated)


@pytest.mark.parametrize("model", ["first", "next"])
def test_all_metrics(benchmark: Any, model: str) -> None:
    benchmark.group = "fid, kid, precision, recall, density and coverage of one model"
    known = Reference(REAL)
    if model == "next":
        figures(known, GENERATED)
    benchmark.pedantic(lambda: figures(known if model == "next" else Reference(REAL), GENERATED), rounds=3)


@pytest.mark.parametrize("who", ["bench", "torchmetrics"])
def test_frechet_distance_of_gaussians(benchmark: Any, who: str) -> None:
    benchmark.group = "Fréchet distance of two Gaussians"
    moments = [moment for x in (REAL, GENERATED) for moment in (x.mean(0), torch.cov(x.T))]
    benchmark(gaussian_frechet if who == "bench" else _compute_fid, *moments)


def test_frechet_distance_of_samples(benchmark: Any) -> None:
    benchmark.group = "Fréchet distance"
    benchmark(frechet_distance, REAL, GENERATED)


def test_frechet_infinity(benchmark: Any) -> None:
    benchmark.group = "FID∞"
    benchmark(frechet_infinity, REAL, GENERATED)


@pytest.mark.parametrize("who", ["bench", "torchmetrics"])
def test_kernel_distance(benchmark: Any, who: str) -> None:
    benchmark.group = "KID over all pairs of 4,000 and 4,000; torchmetrics without a standard error"
    benchmark(kernel_distance if who == "bench" else poly_mmd, REAL[:4000], GENERATED[:4000])


@pytest.mark.parametrize("who", ["bench", "scikit-learn"])
def test_radii(benchmark: Any, who: str) -> None:
    benchmark.group = "Distances to the 3rd and 5th neighbour"
    if who == "bench":
        benchmark(measure_data_radii, REAL)
    else:
        search = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(REAL.numpy())
        benchmark(search.kneighbors)
