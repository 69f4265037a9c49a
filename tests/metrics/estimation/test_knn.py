"""Nearest-neighbour estimates against brute force, closed forms and each other's ways to find neighbours."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench import BenchError, estimate_divergences
from bench.metrics.estimation import knn


def normal(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def shifted(n: int, d: int, kl: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Standard normal points, and others with one mean moved so far that either KL divergence is `kl`."""
    y = normal(n, d, seed + 1)
    y[:, 0] += math.sqrt(2 * kl)
    return normal(n, d, seed), y


def by_hand(x: NDArray[np.float64], y: NDArray[np.float64], k: int) -> tuple[float, float]:
    """Equation 5 of Wang et al., point by point."""
    n, d = x.shape
    terms = []
    for i in range(n):
        rho = sorted(math.dist(x[i], x[j]) for j in range(n) if j != i)[k - 1]
        nu = sorted(math.dist(x[i], point) for point in y)[k - 1]
        terms.append(d * math.log(nu / rho))
    return float(np.mean(terms)) + math.log(len(y) / (n - 1)), float(np.std(terms, ddof=1)) / math.sqrt(n)


@given(
    n=st.integers(8, 30),
    m=st.integers(7, 30),
    d=st.integers(1, 12),
    k=st.integers(1, 6),
    scale=st.sampled_from([1e-3, 1.0, 50.0]),
    offset=st.sampled_from([0.0, 100.0]),
    seed=st.integers(0, 10**6),
)
def test_the_formula(n: int, m: int, d: int, k: int, scale: float, offset: float, seed: int) -> None:
    x, y = scale * normal(n, d, seed).double() + offset, 2 * scale * normal(m, d, seed + 1).double() + offset
    assert knn.nearest_neighbour_kl(x, y, k) == pytest.approx(by_hand(x.numpy(), y.numpy(), k), rel=1e-7, abs=1e-7)


@given(
    n=st.integers(1, 60),
    m=st.integers(6, 200),
    d=st.integers(1, 30),
    k=st.integers(1, 6),
    offset=st.sampled_from([0.0, 1000.0]),
    seed=st.integers(0, 10**6),
)
def test_all_pairs_and_a_tree_find_the_same_neighbours(
    n: int, m: int, d: int, k: int, offset: float, seed: int
) -> None:
    """To rounding, and where points coincide exactly, far from the origin too."""
    points = normal(m, d, seed).double() + offset
    queries = torch.cat([normal(n, d, seed + 1).double() + offset, points[:3]])
    expected = knn.search_by_tree(queries, points, k)
    assert torch.allclose(knn.search_all_pairs(queries, points, k), expected, rtol=1e-9, atol=1e-9)
    if k == 1:
        assert bool((expected[-3:] == 0).all())


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, points = normal(101, 12, 0).double(), normal(203, 12, 1).double()
    whole = knn.search_all_pairs(queries, points, 5)
    monkeypatch.setattr(knn, "_BLOCK", 1000)
    assert torch.equal(knn.search_all_pairs(queries, points, 5), whole)


@pytest.mark.parametrize(("d", "bias"), [(1, 0.0), (2, 0.02), (5, 0.1)])
def test_shifted_gaussians(d: int, bias: float) -> None:
    """Within four standard errors, and a bias downwards that grows with the dimension."""
    estimates = estimate_divergences(*shifted(10_000, d, 0.5, d), ["kl", "reverse_kl"], estimator="knn")
    for estimate in estimates.values():
        assert estimate.stderr is not None
        assert 0.5 - bias - 4 * estimate.stderr < estimate.value < 0.5 + 4 * estimate.stderr


@pytest.mark.parametrize(("n", "m"), [(6000, 9000), (9000, 3000)])
def test_different_sizes_and_scales(n: int, m: int) -> None:
    """KL(N(0, 1)‖N(0, 2²)) = log 2 − 3/8; the other way round tails of P without points of Q make it too low."""
    x, y = normal(n, 1, 1), 2 * normal(m, 1, 2)
    estimates = estimate_divergences(x, y, ["kl"], estimator="knn") | estimate_divergences(
        y, x, ["reverse_kl"], estimator="knn"
    )
    for estimate in estimates.values():
        assert estimate.value == pytest.approx(math.log(2) - 3 / 8, abs=4 * (estimate.stderr or 0))


def test_jeffreys_is_the_sum() -> None:
    x, y = shifted(500, 3, 0.5, 7)
    both = estimate_divergences(x, y, ["kl", "jeffreys", "reverse_kl"], estimator="knn")
    assert both["jeffreys"].value == pytest.approx(both["kl"].value + both["reverse_kl"].value, abs=1e-12)
    errors = [both[name].stderr or 0 for name in ("kl", "reverse_kl")]
    assert both["jeffreys"].stderr == pytest.approx(math.hypot(*errors), abs=1e-12)
    assert estimate_divergences(x, y, ["jeffreys"], estimator="knn")["jeffreys"] == both["jeffreys"]
    assert both["kl"] == estimate_divergences(y, x, ["reverse_kl"], estimator="knn")["reverse_kl"]


def test_nothing_random() -> None:
    x, y = shifted(300, 2, 0.5, 3)
    before = torch.get_rng_state()
    one, two = (estimate_divergences(x, y, ["kl"], seed=seed, estimator="knn") for seed in (0, 1))
    assert one == two
    assert torch.equal(torch.get_rng_state(), before)


def test_points_that_coincide_are_refused() -> None:
    digits = torch.randint(10, (500, 1), generator=torch.Generator().manual_seed(0)).float()
    with pytest.raises(BenchError, match=r"100.0% of the points coincide with at least 5 others.*`spread`"):
        estimate_divergences(digits, digits, ["kl"], estimator="knn")
    partly = torch.cat([normal(300, 2, 1), torch.zeros(100, 2)])
    with pytest.raises(BenchError, match=r"25.0% of the points coincide"):
        estimate_divergences(partly, normal(400, 2, 2), ["kl"], estimator="knn")
    spread = estimate_divergences(digits, digits.flip(0), ["kl"], spread=0.3, estimator="knn")["kl"]
    assert math.isfinite(spread.value)


def test_other_divergences_are_refused() -> None:
    x, y = shifted(200, 2, 0.5, 3)
    with pytest.raises(BenchError, match=r"'knn': found divergences js, pearson; expected some of kl, reverse_kl"):
        estimate_divergences(x, y, ["kl", "js", "pearson"], estimator="knn")
