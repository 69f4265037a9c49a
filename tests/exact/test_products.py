"""Laws of independent coordinates in any dimension."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import (
    Bernoulli,
    Cauchy,
    Distribution,
    Gamma,
    Independent,
    Laplace,
    LogNormal,
    MultivariateNormal,
    Normal,
    StudentT,
    Uniform,
    kl_divergence,
)

from bench import exact_divergence
from bench.divergences import divergence
from bench.exact.quadrature import integrate
from tests.exact.laws import product, tensor

PAIRS = [
    (product(StudentT, [3.0, 3.0], [0.0, 0.0], [1.0, 1.0]), product(StudentT, [5.0, 4.0], [0.5, -0.3], [1.0, 2.0])),
    (product(Gamma, [0.5, 2.0], [1.0, 1.0]), product(Gamma, [1.0, 1.0], [2.0, 3.0])),
    (product(Laplace, [0.0, 0.0], [1.0, 1.0]), product(Normal, [0.3, 0.0], [1.0, 2.0])),
    (product(LogNormal, [0.0, 0.0], [1.0, 1.0]), product(LogNormal, [0.3, 0.0], [1.0, 0.8])),
    (product(Uniform, [0.0, 0.0], [1.0, 1.0]), product(Uniform, [-1.0, 0.0], [1.0, 3.0])),
]


@pytest.mark.parametrize(("p", "q"), PAIRS)
@pytest.mark.parametrize("name", ["kl", "squared_hellinger", "alpha(0.3)", "jeffreys"])
def test_equal_quadrature_in_the_plane(name: str, p: Independent, q: Independent) -> None:
    by_coordinates, in_the_plane = exact_divergence(name, p, q), integrate(divergence(name), p, q)
    if math.isinf(by_coordinates):
        assert math.isinf(in_the_plane)
    else:
        assert in_the_plane == pytest.approx(by_coordinates, rel=2e-7)


def test_cauchy_in_twenty_dimensions() -> None:
    """KL adds over coordinates: log(((s + t)² + Δ²) / (4 s t)) for each (Chyzak & Nielsen 2019)."""
    p, q = product(Cauchy, [0.0] * 20, [1.0] * 20), product(Cauchy, [0.5] * 20, [2.0] * 20)
    value = exact_divergence("kl", p, q)
    assert value == pytest.approx(20 * math.log((9 + 0.25) / 8), rel=1e-7)
    assert value.method == "quadrature"
    assert value.error is not None


def test_a_diagonal_gaussian_is_a_product_too() -> None:
    p = product(Laplace, [0.0] * 4, [1.0] * 4)
    diagonal = MultivariateNormal(torch.zeros(4, dtype=torch.float64), torch.eye(4, dtype=torch.float64))
    assert exact_divergence("kl", p, diagonal) == exact_divergence("kl", p, product(Normal, [0.0] * 4, [1.0] * 4))


def test_discrete_coordinates() -> None:
    """784 pixels, as of a decoder, and torch's own closed form."""
    generator = torch.Generator().manual_seed(0)
    p, q = (Independent(Bernoulli(torch.rand(784, generator=generator, dtype=torch.float64)), 1) for _ in range(2))
    value = exact_divergence("kl", p, q)
    assert value == pytest.approx(float(kl_divergence(p, q)), rel=1e-12)
    assert value.method == "sum"


@pytest.mark.parametrize("name", ["pearson", "kl"])
def test_one_infinite_coordinate_is_enough(name: str) -> None:
    p, q = product(Cauchy, [0.0] * 3, [1.0] * 3), product(Normal, [0.0] * 3, [1.0] * 3)
    assert exact_divergence(name, p, q) == math.inf


def test_disjoint_in_one_coordinate() -> None:
    p, q = product(Uniform, [0.0] * 3, [1.0] * 3), product(Uniform, [0.0, 0.0, 2.0], [1.0, 1.0, 3.0])
    assert exact_divergence("squared_hellinger", p, q) == pytest.approx(2.0, rel=1e-9)
    assert exact_divergence("kl", p, q) == math.inf


def test_the_least_exact_method_is_named() -> None:
    p: Distribution = Independent(Normal(tensor(0.0, 1.0), tensor(1.0, 1.0)), 1)
    assert exact_divergence("kl", p, product(Laplace, [0.0, 0.0], [1.0, 1.0])).method == "quadrature"
