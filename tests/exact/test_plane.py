"""Quadrature in the plane against closed forms, SciPy's dblquad, and what must not change a divergence."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate as scipy_integrate
from torch.distributions import (
    Categorical,
    Cauchy,
    Distribution,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    StudentT,
    TransformedDistribution,
    Uniform,
)
from torch.distributions.transforms import AffineTransform

from bench import BenchError, exact_divergence
from bench.divergences import divergence
from bench.exact import quadrature
from bench.exact.gaussian import as_gaussian, gaussian_divergence
from bench.exact.quadrature import integrate
from tests.exact.laws import RING_SCALE, blobs, gaussian, normal, product, ring, tensor

CORRELATIONS = [0.0, 0.5, -0.9, 0.99, -0.999]
STANDARD = gaussian([0.0, 0.0], [1.0, 1.0])
GRID = [(x, y) for x in (-4.0, -2.0, 0.0, 2.0, 4.0) for y in (-4.0, -2.0, 0.0, 2.0, 4.0)]
correlations = st.sampled_from(CORRELATIONS)
log_scales, means = st.floats(-1, 1), st.floats(-3, 3)
gaussians = st.builds(
    lambda x, y, s, t, rho: gaussian([x, y], [10**s, 10**t], rho), means, means, log_scales, log_scales, correlations
)


@given(gaussians, gaussians)
@settings(max_examples=8)
def test_equals_closed_forms_of_gaussians(p: MultivariateNormal, q: MultivariateNormal) -> None:
    pair = as_gaussian(p), as_gaussian(q)
    assert pair[0] is not None
    assert pair[1] is not None
    for name in ("kl", "squared_hellinger", "pearson"):
        closed = gaussian_divergence(name, pair[0], pair[1])
        assert closed is not None
        assert float(integrate(divergence(name), p, q)) == pytest.approx(closed, rel=1e-7)


def test_total_variation_across_its_kink() -> None:
    """TV(N(0, S), N(δ, S)) = 2 Φ(Δ/2) − 1, Δ the Mahalanobis distance, and the same of a mixture of one."""
    for rho in CORRELATIONS:
        p, q = gaussian([0.0, 0.0], [1.0, 2.0], rho), gaussian([0.3, 0.4], [1.0, 2.0], rho)
        delta = q.mean - p.mean
        distance = float((delta @ torch.linalg.solve(p.covariance_matrix, delta)).sqrt())
        expected = math.erf(distance / 2 / math.sqrt(2))
        assert integrate(divergence("total_variation"), p, q) == pytest.approx(expected, rel=1e-7)


def test_ring_against_a_wide_gaussian() -> None:
    """Modes 70 widths apart: KL is minus their entropy less the cross-entropy, to e^(−1000)."""
    expected = -math.log(8) - 1 - 2 * math.log(RING_SCALE) + 0.5 * (1 + 2 * RING_SCALE**2)
    assert exact_divergence("kl", ring(), STANDARD) == pytest.approx(expected, rel=1e-8)


def test_ring_against_rings() -> None:
    """Modes disjoint from each other: a blurred ring is a blurred mode, one that lacks a mode log 8/7 away."""
    mode, blurred = gaussian([0.0, 0.0], [0.01, 0.01]), gaussian([0.0, 0.0], [0.02, 0.02])
    for name in ("kl", "squared_hellinger", "pearson"):
        expected = exact_divergence(name, mode, blurred)
        assert exact_divergence(name, ring(0.01), ring(0.02)) == pytest.approx(expected, rel=1e-7)
    assert exact_divergence("kl", ring(modes=7), ring()) == pytest.approx(math.log(8 / 7), rel=1e-8)


@pytest.mark.parametrize("name", ["js", "squared_hellinger"])
def test_ring_against_scipy(name: str) -> None:
    """Of a ring with modes of .2, which touch: SciPy's dblquad in polar coordinates over one eighth of the plane."""
    p, q, d = ring(0.2), gaussian([0.0, 0.0], [0.8, 0.8]), divergence(name)

    def value(angle: float, radius: float) -> float:
        x = radius * tensor(math.cos(angle), math.sin(angle))
        at_p, at_q = p.log_prob(x), q.log_prob(x)
        return float((at_p.exp() * d.slope(at_p - at_q) + at_q.exp() * d.intercept(at_p - at_q)) * radius)

    edges = [0.0, 0.6, 1.0, 1.4, 2.2, 5.5]
    pieces = [
        scipy_integrate.dblquad(value, low, high, 0, math.pi / 8, epsabs=1e-9, epsrel=1e-8)[0]
        for low, high in itertools.pairwise(edges)
    ]
    assert exact_divergence(name, p, q) == pytest.approx(16 * math.fsum(pieces), rel=1e-6)


@pytest.mark.slow
def test_grid_against_grids_and_a_wide_gaussian() -> None:
    wide = gaussian([0.0, 0.0], [3.0, 3.0])
    expected = -math.log(25) - 1 - 2 * math.log(0.05) + 2 * math.log(3) + 0.5 * (2 * 8 + 2 * 0.05**2) / 9
    assert exact_divergence("kl", blobs(GRID, 0.05), wide) == pytest.approx(expected, rel=1e-8)
    missing = exact_divergence("js", blobs(GRID[:-2], 0.05), blobs(GRID, 0.05))
    ratio = 25 / 23
    assert missing == pytest.approx(23 / 25 * float(divergence("js").f(tensor(ratio))) + 2 / 25 * math.log(2), rel=1e-7)


def turned(law: MixtureSameFamily, matrix: torch.Tensor, shift: torch.Tensor) -> MixtureSameFamily:
    parts = law.component_distribution
    assert isinstance(parts, MultivariateNormal)
    covariance = matrix @ parts.covariance_matrix @ matrix.T
    symmetric = (covariance + covariance.mT) / 2
    return MixtureSameFamily(law.mixture_distribution, MultivariateNormal(parts.loc @ matrix.T + shift, symmetric))


@given(st.integers(0, 2**31))
@settings(max_examples=2)
def test_invariance_and_duality(seed: int) -> None:
    """Neither x ↦ A x + b nor an exchange of the laws, with f* for f, changes the value."""
    generator = torch.Generator().manual_seed(seed)

    def law() -> MixtureSameFamily:
        root = torch.randn(3, 2, 2, generator=generator, dtype=torch.float64)
        covariance = root @ root.mT + 0.01 * torch.eye(2, dtype=torch.float64)
        at = 2 * torch.randn(3, 2, generator=generator, dtype=torch.float64)
        weights = torch.rand(3, generator=generator, dtype=torch.float64)
        return MixtureSameFamily(Categorical(weights), MultivariateNormal(at, covariance))

    p, q = law(), law()
    matrix = torch.randn(2, 2, generator=generator, dtype=torch.float64)
    p_turned, q_turned = (turned(each, matrix, tensor(5.0, -3.0)) for each in (p, q))
    for name, dual in (("kl", "reverse_kl"), ("js", "js"), ("alpha(0.3)", "alpha(0.7)")):
        value = exact_divergence(name, p, q)
        assert exact_divergence(dual, q, p) == pytest.approx(value, rel=2e-7)
        assert exact_divergence(name, p_turned, q_turned) == pytest.approx(value, rel=2e-7)


@pytest.mark.parametrize("name", ["kl", "js"])
def test_a_product_with_a_common_coordinate(name: str) -> None:
    """A coordinate that both laws share alters nothing: the value is that on a line."""
    p, q = product(Cauchy, [0.0, 3.0], [1.0, 0.01]), product(Cauchy, [1.0, 3.0], [2.0, 0.01])
    line = exact_divergence(name, Cauchy(*tensor(0.0, 1.0)), Cauchy(*tensor(1.0, 2.0)))
    assert integrate(divergence(name), p, q) == pytest.approx(line, rel=1e-7)


@pytest.mark.parametrize("width", [1e-2, 1e-4])
def test_a_needle_in_a_wide_law(width: float) -> None:
    """Half wide, half needle, against the wide law: the needle's half to order width · log width."""
    needle = MixtureSameFamily(
        Categorical(tensor(0.5, 0.5)),
        Independent(Normal(tensor(0.0, 0.0, 0.3, 0.4).reshape(2, 2), tensor(1.0, 1.0, width, width).reshape(2, 2)), 1),
    )
    value = exact_divergence("total_variation", needle, STANDARD)
    assert value == pytest.approx(0.5, abs=20 * width**2 * -math.log(width))
    assert value < 0.5


def test_heavy_tails_elliptic_and_mixed() -> None:
    """A mixture of t laws, one a hundred times as sharp, 500 widths off: nearly disjoint halves of the same pair."""
    scale = tensor(1.0, 1.0, 0.01, 0.01).reshape(2, 2)
    p, q = (
        MixtureSameFamily(
            Categorical(tensor(*weights)),
            Independent(StudentT(tensor(3.0), tensor(0, 0, 500, 500).reshape(2, 2), scale), 1),
        )
        for weights in ((0.5, 0.5), (0.2, 0.8))
    )
    expected = 0.5 * math.log(0.5 / 0.2) + 0.5 * math.log(0.5 / 0.8)
    assert exact_divergence("kl", p, q) == pytest.approx(expected, rel=1e-4)


def test_squares() -> None:
    p, q = product(Uniform, [0.0, 0.0], [1.0, 1.0]), product(Uniform, [0.5, -1.0], [2.0, 2.0])
    overlap, area = 0.5, 4.5
    expected = 1 - overlap * min(1.0, 1 / area)
    assert exact_divergence("total_variation", p, q) == pytest.approx(expected, rel=1e-9)
    assert exact_divergence("kl", p, q) == math.inf


def test_a_law_known_by_its_samples_and_log_prob_alone() -> None:
    shifted = TransformedDistribution(product(Normal, [0.0, 0.0], [1.0, 1.0]), AffineTransform(tensor(1.0, 2.0), 0.5))
    expected = exact_divergence("kl", gaussian([1.0, 2.0], [0.5, 0.5]), STANDARD)
    assert exact_divergence("kl", shifted, STANDARD) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    ("name", "p", "q"),
    [
        ("kl", product(Cauchy, [0.0, 0.0], [1.0, 1.0]), STANDARD),
        ("pearson", gaussian([0.0, 0.0], [1.0, 1.0], 0.9), gaussian([0.0, 0.0], [0.9, 0.9])),
        ("neyman", ring(), STANDARD),
        ("reverse_kl", product(Uniform, [0.0, 0.0], [1.0, 1.0]), STANDARD),
    ],
)
def test_infinite_values(name: str, p: Distribution, q: Distribution) -> None:
    assert integrate(divergence(name), p, q) == math.inf


def test_too_little_work_is_an_error_not_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quadrature, "_POINTS", 0)
    p, q = ring(0.1), gaussian([0.0, 0.0], [0.5, 0.5], 0.9)
    with pytest.raises(BenchError, match="estimated error"):
        exact_divergence("total_variation", p, q)


def test_products_of_mixtures_on_each_axis() -> None:
    """The grid as a product: one mixture of five for x and one for y."""
    line = tensor(-4.0, -2.0, 0.0, 2.0, 4.0)
    axis = MixtureSameFamily(
        Categorical(torch.ones(2, 5, dtype=torch.float64)), Normal(line.expand(2, 5), tensor(0.05).expand(2, 5))
    )
    p, q = Independent(axis, 1), gaussian([0.0, 0.0], [3.0, 3.0])
    one = exact_divergence("kl", MixtureSameFamily(Categorical(torch.ones(5)), Normal(line, 0.05)), normal(0.0, 3.0))
    assert integrate(divergence("kl"), p, q) == pytest.approx(2 * one, rel=1e-7)
