"""FID∞: near the distance of the laws themselves, with a standard error that says how near."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bench.errors import BenchError
from bench.metrics.features import frechet_distance, frechet_infinity
from bench.metrics.features.extrapolation import GROUPS, GROUPS_IN_HIGH_DIMENSION, count_needed, is_enough


def draw(n: int, scales: Tensor, seed: int, shift: float = 0.0) -> Tensor:
    """Normal points with these standard deviations, the first coordinate shifted."""
    points = torch.randn(n, len(scales), generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * scales
    points[:, 0] += shift
    return points


def naive(x: Tensor, y: Tensor) -> tuple[float, float]:
    """The delete-a-group jackknife of SciPy's distance, groups as documented."""

    def distance(a: np.ndarray, b: np.ndarray) -> float:
        cov_a, cov_b = (np.atleast_2d(np.cov(t, rowvar=False)) for t in (a, b))
        root = np.real(np.trace(scipy.linalg.sqrtm(cov_a @ cov_b)))
        return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * root)

    def parts(t: Tensor, side: int) -> list[np.ndarray]:
        order = torch.randperm(len(t), generator=torch.Generator().manual_seed(side)).numpy()
        return [np.delete(t.numpy(), chosen, axis=0) for chosen in np.array_split(order, GROUPS)]

    without = np.array([distance(a, b) for a, b in zip(parts(x, 0), parts(y, 1), strict=True)])
    value = GROUPS * distance(x.numpy(), y.numpy()) - (GROUPS - 1) * without.mean()
    return float(value), float(math.sqrt((GROUPS - 1) / GROUPS * ((without - without.mean()) ** 2).sum()))


@settings(max_examples=25)
@given(n=st.integers(100, 230), m=st.integers(100, 230), d=st.integers(1, 8), seed=st.integers(0, 10**6))
def test_is_the_jackknife(n: int, m: int, d: int, seed: int) -> None:
    x, y = draw(n, torch.ones(d), seed), draw(m, torch.linspace(0.5, 2, d), seed + 1, 0.5)
    result = frechet_infinity(x, y)
    value, stderr = naive(x, y)
    assert result.value == pytest.approx(value, rel=1e-6, abs=1e-6)
    assert result.stderr == pytest.approx(stderr, rel=1e-6)


@pytest.mark.parametrize(
    ("d", "n", "shift", "scale"), [(16, 300, 0.0, 1.0), (16, 300, 0.3, 1.2), (2, 500, 0.3, 1.2), (32, 70, 0.3, 1.2)]
)
def test_bias_is_gone_and_two_standard_errors_cover(d: int, n: int, shift: float, scale: float) -> None:
    """Normal laws whose covariances commute: the distance is shift² + Σ (√a − √b)².

    Of 200 draws the mean is known to sd/14. What bias may be left is of order 1/n²: under half an sd, where that of the
    plain distance is several.
    """
    n = max(n, count_needed(d))
    own = torch.arange(1, d + 1, dtype=torch.float64) ** -0.25
    other = own * torch.linspace(1, scale, d, dtype=torch.float64)
    exact = shift**2 + float((own - other).square().sum())
    pairs = [(draw(n, own, 2 * s), draw(n, other, 2 * s + 1, shift)) for s in range(200)]
    results = [frechet_infinity(x, y) for x, y in pairs]
    values = torch.tensor([r.value for r in results], dtype=torch.float64)
    errors = torch.tensor([r.stderr for r in results], dtype=torch.float64)
    assert abs(float(values.mean()) - exact) < 0.5 * float(values.std())
    # 20 groups leave 19 degrees of freedom: 94 % of normal draws; of 200 draws that is 1.7 % sure.
    assert float(((values - exact).abs() <= 2 * errors).double().mean()) > 0.89
    # Conservative where laws are nearly equal, by at most √2.
    assert 0.85 * float(values.std()) < float(errors.square().mean().sqrt()) < 1.55 * float(values.std())
    if d > 2:
        plain = torch.tensor([frechet_distance(x, y) for x, y in pairs], dtype=torch.float64)
        assert float(plain.mean()) - exact > 2 * float(values.std())


def test_of_real_features_halves_the_bias_at_least() -> None:
    """Skewed, half of them zero, as features after a rectifier are: both laws the same, so the distance is 0."""
    mixing = torch.randn(24, 24, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    values = []
    for s in range(40):
        x, y = (torch.relu(draw(400, torch.ones(24), 2 * s + side) @ mixing) for side in (0, 1))
        values.append((frechet_distance(x, y), frechet_infinity(x, y).value))
    plain, limit = torch.tensor(values, dtype=torch.float64).mean(0).tolist()
    assert abs(limit) < 0.1 * plain


def test_rank_deficient_features_have_the_distance_of_their_span() -> None:
    x, y = draw(200, torch.ones(4), 0), draw(200, torch.full((4,), 2.0), 1)
    padded = [torch.cat([t, torch.full((200, 30), 7.0, dtype=torch.float64)], 1) for t in (x, y)]
    assert frechet_infinity(*padded).value == pytest.approx(frechet_infinity(x, y).value, rel=1e-6)


def test_order_of_the_file_does_not_matter_much() -> None:
    """Sorted files too are cut into groups that are alike: the standard error is that of shuffled ones, roughly.

    Groups of neighbours in the files would make it many times as large, equal groups on both sides a tenth.
    """
    x, y = draw(1000, torch.ones(2), 0), draw(1000, torch.ones(2), 1, 0.5)
    sorted_x, sorted_y = (t[t[:, 0].argsort()] for t in (x, y))
    plain, ordered = frechet_infinity(x, y), frechet_infinity(sorted_x, sorted_y)
    assert ordered.stderr == pytest.approx(plain.stderr, rel=0.6)
    assert ordered.value == pytest.approx(plain.value, abs=plain.stderr / 5)


def test_needs_enough_examples() -> None:
    assert count_needed(2) == 100
    assert count_needed(64) == 135
    assert count_needed(2048) == math.ceil(4096 * GROUPS_IN_HIGH_DIMENSION / (GROUPS_IN_HIGH_DIMENSION - 1))
    assert is_enough(135, 64)
    assert not is_enough(134, 64)
    with pytest.raises(BenchError, match="100 and 99 examples in 3 dimensions; expected at least 100 of each"):
        frechet_infinity(torch.randn(100, 3), torch.randn(99, 3))
