"""Closed forms for Gaussians against mpmath, at any size of the difference."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal, kl_divergence

from bench import BenchError, exact_divergence
from bench.exact.gaussian import Gaussian, as_gaussian, gaussian_divergence
from tests.exact.laws import normal

NAMES = ["kl", "reverse_kl", "jeffreys", "pearson", "neyman", "squared_hellinger", "alpha(0.3)", "alpha(1.2)"]
ORDERS = {"pearson": (2, 2), "neyman": (-1, 2), "squared_hellinger": ("0.5", "0.5"), "alpha(0.3)": ("0.3", 1)}
ORDERS["alpha(1.2)"] = ("1.2", 1)


def in_mpmath(name: str, p: Gaussian, q: Gaussian) -> mpmath.mpf | None:
    """The textbook formulas with 60 digits; None where an integral does not exist."""
    shift = mpmath.matrix(p.mean.tolist()) - mpmath.matrix(q.mean.tolist())
    first, second = (matrix_of(g) for g in (p, q))
    if name == "kl":
        return _kl(first, second, shift)
    if name == "reverse_kl":
        return _kl(second, first, shift)
    if name == "jeffreys":
        return _kl(first, second, shift) + _kl(second, first, shift)
    a, factor = (mpmath.mpf(part) for part in ORDERS[name])
    mixed = (1 - a) * first + a * second
    if min(mpmath.eigsy(mixed, eigvals_only=True)) <= 0:
        return None
    volumes = (
        mpmath.log(mpmath.det(mixed)) - (1 - a) * mpmath.log(mpmath.det(first)) - a * mpmath.log(mpmath.det(second))
    )
    size = -(a * (1 - a) * (shift.T * mpmath.inverse(mixed) * shift)[0] + volumes) / 2
    return factor * mpmath.expm1(size) / (a * (a - 1))


def matrix_of(g: Gaussian) -> mpmath.matrix:
    if g.covariance is not None:
        return mpmath.matrix(g.covariance.tolist())
    factor = mpmath.matrix(g.factor.tolist())
    return factor * factor.T


def _kl(first: mpmath.matrix, second: mpmath.matrix, shift: mpmath.matrix) -> mpmath.mpf:
    inverse = mpmath.inverse(second)
    ratio = inverse * first
    trace = sum(ratio[i, i] for i in range(ratio.rows))
    return (trace - ratio.rows + (shift.T * inverse * shift)[0] - mpmath.log(mpmath.det(ratio))) / 2


def random(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def check(p: Gaussian, q: Gaussian, relative: float) -> None:
    with mpmath.workdps(60):
        for name in NAMES:
            found, expected = gaussian_divergence(name, p, q), in_mpmath(name, p, q)
            assert found is not None
            if expected is None or expected > 1e300:
                assert found == math.inf, name
            else:
                assert abs(found - expected) <= relative * abs(expected), name


@given(st.integers(0, 2**31), st.floats(-13, 0), st.floats(-13, 0))
@settings(max_examples=15)
def test_products_that_differ_by_any_little(seed: int, log_shift: float, log_stretch: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    mean, scale = random(generator, 3), random(generator, 3).exp()
    moved = mean + 10**log_shift * random(generator, 3)
    stretched = scale * (1 + 0.3 * 10**log_stretch * random(generator, 3).tanh())
    check(Gaussian(mean, scale.diag()), Gaussian(moved, stretched.diag()), 1e-12)


@given(st.integers(0, 2**31), st.integers(2, 5), st.floats(-6, 0), st.floats(-9, 0))
@settings(max_examples=15)
def test_covariances(seed: int, d: int, log_floor: float, log_step: float) -> None:
    """Condition numbers up to about 1e7: what the factor keeps of 16 digits."""
    generator = torch.Generator().manual_seed(seed)
    roots = random(generator, d, d), random(generator, d, d)
    floor = 10**log_floor * torch.eye(d, dtype=torch.float64)
    covariance = roots[0] @ roots[0].T + floor
    near = covariance + 10**log_step * covariance.diagonal().mean() * floor
    for other in (near, roots[1] @ roots[1].T + floor):
        laws = [MultivariateNormal(random(generator, d), matrix) for matrix in (covariance, other)]
        p, q = (as_gaussian(law) for law in laws)
        assert p is not None
        assert q is not None
        check(p, q, 1e-7)


@pytest.mark.parametrize(("make", "size"), [(lambda: 1e-6, 5e-13), (lambda: 1e-9, 5e-19)])
def test_tiny_shifts(make: Callable[[], float], size: float) -> None:
    for name in ("kl", "reverse_kl"):
        assert exact_divergence(name, normal(0.0, 1.0), normal(make(), 1.0)) == pytest.approx(size, rel=1e-12)


def test_784_dimensions() -> None:
    generator = torch.Generator().manual_seed(0)
    root = random(generator, 784, 784) / 28
    covariance = root @ root.T + 0.1 * torch.eye(784, dtype=torch.float64)
    p = MultivariateNormal(torch.zeros(784, dtype=torch.float64), covariance)
    q = MultivariateNormal(torch.full((784,), 0.01, dtype=torch.float64), 1.2 * covariance)
    assert exact_divergence("kl", p, q) == pytest.approx(float(kl_divergence(p, q)), rel=1e-9)
    assert 0 < exact_divergence("squared_hellinger", p, q) < 2


def test_every_parameterisation_is_the_same_law() -> None:
    generator = torch.Generator().manual_seed(1)
    column, diagonal = random(generator, 3, 1), random(generator, 3).exp()
    covariance = column @ column.T + diagonal.diag()
    zero = torch.zeros(3, dtype=torch.float64)
    other = MultivariateNormal(zero + 1, torch.eye(3, dtype=torch.float64))
    laws = [
        LowRankMultivariateNormal(zero, column, diagonal),
        MultivariateNormal(zero, covariance),
        MultivariateNormal(zero, scale_tril=torch.linalg.cholesky(covariance)),
        MultivariateNormal(zero, precision_matrix=torch.linalg.inv(covariance)),
    ]
    values = [exact_divergence("kl", law, other) for law in laws]
    assert values == pytest.approx([values[0]] * 4, rel=1e-12)


def test_a_covariance_singular_in_float64_is_refused() -> None:
    matrix = torch.ones(2, 2, dtype=torch.float64) + 1e-13 * torch.eye(2, dtype=torch.float64)
    with pytest.raises(BenchError, match=r"covariance of p is singular.*scale_tril"):
        exact_divergence("kl", MultivariateNormal(torch.zeros(2, dtype=torch.float64), matrix), product_of_normals())


def product_of_normals() -> MultivariateNormal:
    return MultivariateNormal(torch.zeros(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64))


@pytest.mark.parametrize("a", ["1e-9", "1e-12", "1e-15", "1e-300", "0.999999999", "1.0000000000001", "-1e-13"])
@pytest.mark.parametrize(("scale", "shift"), [(2.0, 1.0), (1e4, 0.0), (1e-4, 3.0), (1.0 + 1e-9, 1e-9)])
def test_alpha_near_its_limits(a: str, scale: float, shift: float) -> None:
    """Against the textbook's formula with 700 digits."""
    p = Gaussian(torch.zeros(1, dtype=torch.float64), torch.eye(1, dtype=torch.float64))
    q = Gaussian(torch.tensor([shift], dtype=torch.float64), torch.tensor([[scale]], dtype=torch.float64))
    with mpmath.workdps(700):
        order, s = mpmath.mpf(float(a)), mpmath.mpf(scale)
        mixed = (1 - order) + order * s**2
        size = -(order * (1 - order) * mpmath.mpf(shift) ** 2 / mixed + mpmath.log(mixed / s ** (2 * order))) / 2
        expected = mpmath.expm1(size) / (order * (order - 1))
    value = gaussian_divergence(f"alpha({a})", p, q)
    if mixed <= 0:
        assert value == math.inf
    else:
        assert value == pytest.approx(float(expected), rel=1e-12)
