"""Gaussians of many dimensions whose ratio depends on few numbers."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from bench import exact_divergence
from bench.divergences import divergence
from bench.exact import SAMPLES
from bench.exact.gaussian import as_gaussian
from bench.exact.monte_carlo import sample_mean
from bench.exact.sufficient import sufficient_coordinates
from tests.exact.laws import gaussian, normal


@pytest.mark.parametrize("d", [3, 50])
def test_equal_covariances_leave_one_coordinate(d: int) -> None:
    """TV(N(0, I), N(δ, I)) = 2 Φ(‖δ‖/2) − 1; and js is that of two normals ‖δ‖ apart."""
    p, q = gaussian([0.0] * d, [1.0] * d), gaussian([0.3] * d, [1.0] * d)
    distance = 0.3 * math.sqrt(d)
    variation = exact_divergence("total_variation", p, q)
    assert variation == pytest.approx(math.erf(distance / 2 / math.sqrt(2)), rel=1e-7)
    assert variation.method == "quadrature"
    one = exact_divergence("js", normal(0.0, 1.0), normal(distance, 1.0))
    assert exact_divergence("js", p, q) == pytest.approx(one, rel=1e-7)


@pytest.mark.parametrize(
    ("p", "q", "left"),
    [
        (gaussian([0.0] * 6, [1.0] * 6), gaussian([0.0] * 6, [1.3] * 6), 1),
        (gaussian([0.0] * 6, [1.0] * 6), gaussian([0.2] * 6, [1.3] * 6), 2),
        (gaussian([0.0] * 6, [1.0] * 6), gaussian([0.0] * 6, [1.0] * 6, 0.4), 2),
        (gaussian([0.0] * 6, [1.0] * 6, 0.5), gaussian([0.1] * 6, [1.0] * 6, 0.5), 1),
        (gaussian([0.0] * 4, [1.0, 1.0, 1.0, 2.0]), gaussian([0.0] * 4, [1.0] * 4), 1),
    ],
)
def test_other_shapes_agree_with_monte_carlo_and_closed_forms(
    p: MultivariateNormal, q: MultivariateNormal, left: int
) -> None:
    """Within 4.5 standard errors: a miss by chance in one of 150,000 runs, and the seed is fixed."""
    pair = as_gaussian(p), as_gaussian(q)
    assert pair[0] is not None
    assert pair[1] is not None
    assert len(sufficient_coordinates(pair[0], pair[1])) == left
    value = exact_divergence("js", p, q)
    assert value.method == "quadrature"
    sampled = sample_mean(divergence("js"), p, q, SAMPLES // 8, seed=0)
    assert sampled.stderr is not None
    assert abs(value - sampled) < 4.5 * sampled.stderr


def test_turning_the_axes_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    turn, _ = torch.linalg.qr(torch.randn(5, 5, generator=generator, dtype=torch.float64))
    p, q = gaussian([0.0] * 5, [1.0] * 5), gaussian([0.2] * 5, [1.0] * 5, 0.3)
    turned = [MultivariateNormal(turn @ law.mean, turn @ law.covariance_matrix @ turn.T) for law in (p, q)]
    assert exact_divergence("js", turned[0], turned[1]) == pytest.approx(exact_divergence("js", p, q), rel=1e-7)


def test_equal_laws() -> None:
    law = gaussian([0.0] * 5, [1.0] * 5, 0.3)
    assert exact_divergence("js", law, law) == 0.0
    assert exact_divergence("gan", law, law) == pytest.approx(-2 * math.log(2))
