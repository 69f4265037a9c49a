"""Fréchet distance: closed form, SciPy's matrix root, torchmetrics, and what must always hold."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from bench.errors import BenchError
from bench.metrics import FrechetDistance, frechet_distance, frechet_infinity, gaussian_frechet


def normal(n: int, d: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    """Correlated Gaussian features."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(d, d, generator=generator, dtype=torch.float64) / d**0.5
    return scale * torch.randn(n, d, generator=generator, dtype=torch.float64) @ mixing + shift


def by_matrix_root(x: Tensor, y: Tensor) -> float:
    """The textbook formula with SciPy's root of the (nonsymmetric) product."""
    cov_x, cov_y = (np.atleast_2d(np.cov(t.numpy(), rowvar=False)) for t in (x, y))
    root = np.real(np.trace(scipy.linalg.sqrtm(cov_x @ cov_y)))
    shift = x.numpy().mean(0) - y.numpy().mean(0)
    return float(shift @ shift + np.trace(cov_x) + np.trace(cov_y) - 2 * root)


@pytest.mark.parametrize(("n", "m", "d"), [(100, 80, 1), (200, 150, 5), (1000, 700, 64)])
@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_equals_scipy_matrix_root(n: int, m: int, d: int, shift: float) -> None:
    x, y = normal(n, d, 0), normal(m, d, 1, scale=1.5, shift=shift)
    assert frechet_distance(x, y) == pytest.approx(by_matrix_root(x, y), rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    d=st.integers(1, 40), n=st.integers(2, 6), m=st.integers(2, 6), seed=st.integers(0, 10**6), shift=st.floats(-3, 3)
)
def test_equals_scipy_matrix_root_over_dimensions(d: int, n: int, m: int, seed: int, shift: float) -> None:
    x, y = normal(n * d + 2, d, seed), normal(m * d + 2, d, seed + 1, scale=0.7, shift=shift)
    assert frechet_distance(x, y) == pytest.approx(by_matrix_root(x, y), rel=1e-6)


def test_equals_torchmetrics_on_the_same_features() -> None:
    class Features(nn.Module):
        num_features = 12

        def forward(self, x: Tensor) -> Tensor:
            return x

    x, y = normal(400, 12, 0), normal(300, 12, 1, scale=0.5, shift=0.3)
    other = FrechetInceptionDistance(feature=Features(), normalize=True)
    other.update(x, real=True)
    other.update(y, real=False)
    assert frechet_distance(x, y) == pytest.approx(float(other.compute()), rel=1e-4)


@settings(max_examples=50, deadline=None)
@given(d=st.integers(1, 12), seed=st.integers(0, 2**32 - 1), shift=st.floats(-5, 5))
def test_closed_form_for_commuting_covariances(d: int, seed: int, shift: float) -> None:
    """With one eigenbasis the distance is ‖Δ‖² + Σ (√a − √b)²."""
    generator = torch.Generator().manual_seed(seed)
    basis, _ = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))
    a, b = 3 * torch.rand(2, d, generator=generator, dtype=torch.float64)
    mean = torch.zeros(d, dtype=torch.float64)
    value = gaussian_frechet(mean, basis * a @ basis.T, mean + shift, basis * b @ basis.T)
    expected = d * shift**2 + float((a.sqrt() - b.sqrt()).square().sum())
    assert float(value) == pytest.approx(expected, rel=1e-7, abs=1e-7)


@settings(max_examples=50, deadline=None)
@given(n=st.integers(2, 40), m=st.integers(2, 40), d=st.integers(1, 30), seed=st.integers(0, 10**6))
def test_symmetric_nonnegative_and_moved_by_a_translation(n: int, m: int, d: int, seed: int) -> None:
    """Also with fewer points than dimensions, where both covariances are singular."""
    x, y = normal(n, d, seed), normal(m, d, seed + 1, scale=2.0)
    distance = frechet_distance(x, y)
    assert distance >= 0
    assert distance == pytest.approx(frechet_distance(y, x), rel=1e-6, abs=1e-9)
    delta = torch.linspace(-1, 2, d, dtype=torch.float64)
    centred = frechet_distance(x - x.mean(0), y - y.mean(0))
    moved = frechet_distance(x - x.mean(0) + delta, y - y.mean(0))
    assert moved == pytest.approx(centred + float(delta.square().sum()), rel=1e-9, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(n=st.integers(2, 40), d=st.integers(1, 60), seed=st.integers(0, 10**6), scale=st.floats(1e-3, 1e3))
def test_zero_on_identical_sets(n: int, d: int, seed: int, scale: float) -> None:
    x = normal(n, d, seed, scale=scale, shift=scale)
    variance = float(x.var(0).sum())
    assert frechet_distance(x, x) <= 1e-6 * variance


def test_singular_covariances_have_the_distance_of_their_span() -> None:
    """Appending constant coordinates changes nothing."""
    x, y = normal(50, 4, 0), normal(60, 4, 1, scale=2.0)
    padded = [torch.cat([t, torch.full((len(t), 30), 7.0, dtype=torch.float64)], 1) for t in (x, y)]
    assert frechet_distance(*padded) == pytest.approx(frechet_distance(x, y), rel=1e-6)


def test_batches_and_merged_states_equal_one_pass() -> None:
    x, y = normal(300, 6, 0, shift=2.0), normal(200, 6, 1)
    whole, left, right = (FrechetDistance(6) for _ in range(3))
    whole.update(x, real=True)
    whole.update(y, real=False)
    left.update(x[:100], real=True)
    left.update(y[:50], real=False)
    right.update(x[100:], real=True)
    right.update(y[50:], real=False)
    right = pickle.loads(pickle.dumps(right))
    left.merge_state(right)
    assert float(left.compute()) == pytest.approx(float(whole.compute()), rel=1e-12)
    assert float(whole.compute()) == pytest.approx(frechet_distance(x, y), rel=1e-10)


def test_synchronised_states_equal_one_pass() -> None:
    """As in a group of two processes: each state is gathered from both and reduced."""
    x, y = normal(300, 6, 0), normal(200, 6, 1)
    ranks = []
    for part in range(2):
        rank = FrechetDistance(6, sync_on_compute=False)
        rank.update(x[part::2], real=True)
        rank.update(y[part::2], real=False)
        ranks.append(rank)
    gathered = iter([[getattr(rank, name) for rank in ranks] for name in ranks[0]._reductions])
    ranks[0].sync(dist_sync_fn=lambda *_, **__: next(gathered), distributed_available=lambda: True)
    assert float(ranks[0].compute()) == pytest.approx(frechet_distance(x, y), rel=1e-10)


def test_float64_sums_survive_features_far_from_the_origin() -> None:
    x, y = normal(500, 8, 0), normal(500, 8, 1, scale=1.2)
    metric = FrechetDistance(8)
    metric.update(x + 1e4, real=True)
    metric.update(y + 1e4, real=False)
    assert float(metric.compute()) == pytest.approx(frechet_distance(x, y), rel=1e-5)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_refuses_values_that_are_not_finite(bad: float) -> None:
    x, y = normal(10, 3, 0), normal(10, 3, 1)
    y[4, 1] = bad
    with pytest.raises(BenchError, match="1 of 30 values are NaN or infinite"):
        frechet_distance(x, y)


def test_refuses_sets_that_do_not_fit() -> None:
    with pytest.raises(BenchError, match="dimension 4; expected 3"):
        frechet_distance(normal(10, 3, 0), normal(10, 4, 1))
    with pytest.raises(BenchError, match="x: 1 examples; expected at least 2"):
        frechet_distance(normal(1, 3, 0), normal(10, 3, 1))
    with pytest.raises(BenchError, match="one row an example"):
        frechet_distance(torch.zeros(5), torch.zeros(5))
    metric = FrechetDistance(3)
    metric.update(normal(10, 3, 0), real=True)
    with pytest.raises(BenchError, match="0 generated features"):
        metric.compute()


@pytest.mark.parametrize("offset", [1e4, 1e6, 1e8])
def test_batches_far_from_the_origin_lose_no_digit(offset: float) -> None:
    x, y = normal(500, 8, 0), normal(500, 8, 1, scale=1.2)
    metrics = [FrechetDistance(8) for _ in range(3)]
    for metric, rows in zip(metrics, torch.arange(500).tensor_split(3), strict=True):
        metric.update(x[rows] + offset, real=True)
        metric.update(y[rows] + offset, real=False)
    metrics[0].merge_state(metrics[1])
    metrics[0].merge_state(metrics[2])
    moved = frechet_distance(x + offset, y + offset)
    # means are rounded to 1e-16 of the offset, and the distance is linear in what they differ by
    assert float(metrics[0].compute()) == pytest.approx(moved, rel=1e-12 + 1e-15 * offset)
    assert moved == pytest.approx(frechet_distance(x, y), rel=1e-6)


@given(exponent=st.integers(-500, 500), seed=st.integers(0, 10**6))
def test_distances_scale_with_the_square_of_the_unit(exponent: int, seed: int) -> None:
    x, y = normal(20, 3, seed), normal(25, 3, seed + 1, shift=1.0)
    unit = math.ldexp(1.0, exponent)
    assert frechet_distance(unit * x, unit * y) == pytest.approx(frechet_distance(x, y) * unit * unit, rel=1e-9)


@pytest.mark.parametrize("size", [1e160, 1e308])
def test_what_float64_cannot_hold_is_refused(size: float) -> None:
    x, y = normal(200, 2, 0).clamp(-1, 1), normal(200, 2, 1, scale=0.1).clamp(-1, 1)
    for call in (frechet_distance, frechet_infinity):
        with pytest.raises(BenchError, match="more than float64 holds for features as large as these"):
            call(size * x, size * y)
    metric = FrechetDistance(2)
    metric.update(size * x, real=True)
    metric.update(size * y, real=False)
    with pytest.raises(BenchError, match="more than float64 holds"):
        metric.compute()


def test_a_size_is_a_whole_number() -> None:
    with pytest.raises(BenchError, match="size 0; expected at least 1"):
        FrechetDistance(0)
