"""Exact divergences against torch, SciPy's own quadrature, closed forms and published figures."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate as scipy_integrate
from torch.distributions import (
    Bernoulli,
    Beta,
    Categorical,
    Cauchy,
    Distribution,
    Exponential,
    Independent,
    Laplace,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    Poisson,
    StudentT,
    Uniform,
    Wishart,
    kl_divergence,
)

from bench import BenchError, exact_divergence
from bench.divergences import DIVERGENCES, divergence
from bench.exact.quadrature import integrate

CLOSED = [
    "kl",
    "reverse_kl",
    "jeffreys",
    "pearson",
    "neyman",
    "squared_hellinger",
    "alpha(0.3)",
    "alpha(0)",
    "alpha(1)",
]
means, scales = st.floats(-3, 3), st.floats(0.2, 3)


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def normal(mean: float, scale: float) -> Normal:
    return Normal(*tensor(mean, scale))


def mixture(weights: list[float], locations: list[float], widths: list[float]) -> MixtureSameFamily:
    return MixtureSameFamily(Categorical(tensor(*weights)), Normal(tensor(*locations), tensor(*widths)))


def singular() -> MultivariateNormal:
    ones = torch.ones(2, 2, dtype=torch.float64)
    return MultivariateNormal(torch.zeros(2, dtype=torch.float64), ones + 1e-12 * torch.eye(2, dtype=torch.float64))


TABLE_A = mixture([0.33, 0.67], [-1.0, 2.0], [math.sqrt(0.065), math.sqrt(2.0)])


@pytest.mark.parametrize("name", CLOSED)
@given(m=means, s=scales, n=means, t=scales)
@settings(max_examples=15)
def test_closed_forms_equal_quadrature(name: str, m: float, s: float, n: float, t: float) -> None:
    closed = exact_divergence(name, normal(m, s), normal(n, t))
    if closed > 1e12:  # the variance condition is met only just: quadrature cannot tell it from infinity
        return
    assert integrate(divergence(name), normal(m, s), normal(n, t)) == pytest.approx(closed, rel=1e-6, abs=1e-9)


@given(st.integers(1, 6), st.integers(0, 2**31))
@settings(max_examples=30)
def test_kl_of_gaussians_equals_torchs(dimension: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    laws = []
    for _ in range(2):
        root = torch.randn(dimension, dimension, generator=generator, dtype=torch.float64)
        mean = torch.randn(dimension, generator=generator, dtype=torch.float64)
        laws.append(MultivariateNormal(mean, root @ root.T + 0.3 * torch.eye(dimension, dtype=torch.float64)))
    p, q = laws
    forward, backward = kl_divergence(p, q).item(), kl_divergence(q, p).item()
    assert exact_divergence("kl", p, q) == pytest.approx(forward, rel=1e-9)
    assert exact_divergence("reverse_kl", p, q) == pytest.approx(backward, rel=1e-9)
    assert exact_divergence("jeffreys", p, q) == pytest.approx(forward + backward, rel=1e-9)


def test_independent_gaussians_add_and_multiply() -> None:
    """KL adds over independent coordinates; 1 − squared_hellinger/2 multiplies."""
    p = Independent(Normal(tensor(0.0, 1.0), tensor(1.0, 0.5)), 1)
    q = Independent(Normal(tensor(0.4, 0.7), tensor(0.8, 0.9)), 1)
    pairs = [(normal(0.0, 1.0), normal(0.4, 0.8)), (normal(1.0, 0.5), normal(0.7, 0.9))]
    assert exact_divergence("kl", p, q) == pytest.approx(sum(exact_divergence("kl", *pair) for pair in pairs))
    product = math.prod(1 - exact_divergence("squared_hellinger", *pair) / 2 for pair in pairs)
    assert exact_divergence("squared_hellinger", p, q) == pytest.approx(2 - 2 * product)


@pytest.mark.parametrize(("scale_p", "finite"), [(1.4, True), (1.42, False)])
def test_pearson_of_gaussians_is_finite_up_to_twice_the_variance(scale_p: float, finite: bool) -> None:
    assert math.isfinite(exact_divergence("pearson", normal(0.0, scale_p), normal(0.0, 1.0))) == finite


@pytest.mark.parametrize(
    ("name", "mean", "std", "published"),
    [
        ("kl", 1.0100, 1.8308, 0.2831),
        ("reverse_kl", 1.5782, 1.6319, 0.2480),
        ("js", 1.3070, 1.7542, 0.1280),
        ("jeffreys", 1.3218, 1.7034, 0.5705),
        ("pearson", 0.5737, 1.9274, 0.6457),
    ],
)
def test_optima_of_table_a(name: str, mean: float, std: float, published: float) -> None:
    """Nowozin et al. (2016), table 1, with the P that a least-squares fit to its figures gives: equal to 7.5e-4.

    Its JS row agrees with our js, which has no factor ½.
    """
    assert exact_divergence(name, TABLE_A, normal(mean, std)) == pytest.approx(published, abs=7.5e-4)


@pytest.mark.parametrize("name", [*DIVERGENCES, "alpha(0.7)"])
def test_quadrature_equals_scipys(name: str) -> None:
    """SciPy's adaptive quadrature of q f(p/q) itself, in float64, cut where the tails are below 1e-20."""
    p, q = mixture([0.4, 0.6], [-1.0, 1.5], [0.5, 0.7]), mixture([0.5, 0.5], [-1.2, 1.0], [0.6, 0.8])
    d = divergence(name)

    def value(x: float) -> float:
        at_p, at_q = p.log_prob(tensor(x)).exp(), q.log_prob(tensor(x)).exp()
        return float(at_q * d.f(at_p / at_q))

    expected, _ = scipy_integrate.quad(value, -12, 12, points=[-1.2, -1.0, 1.0, 1.5], epsabs=1e-11, limit=400)
    assert exact_divergence(name, p, q) == pytest.approx(expected, rel=1e-6)


@given(st.floats(-5, 5), st.floats(0.05, 20), st.floats(0.05, 20))
@settings(max_examples=20)
def test_heavy_tails_cauchy(shift: float, s: float, t: float) -> None:
    """KL of two Cauchy laws: log(((s + t)² + Δ²) / (4 s t)) (Chyzak & Nielsen 2019)."""
    value = exact_divergence("kl", Cauchy(*tensor(0.0, s)), Cauchy(*tensor(shift, t)))
    assert value == pytest.approx(math.log(((s + t) ** 2 + shift**2) / (4 * s * t)), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("width", [1e-2, 1e-4, 1e-6])
def test_sharp_modes(width: float) -> None:
    """KL of well separated sharp modes from a wide normal is the sum over the modes, up to e^(−1/width²)."""
    p = mixture([0.5, 0.5], [-1.0, 1.0], [width, width])
    expected = -math.log(2) - math.log(width * math.sqrt(2 * math.pi * math.e))
    expected += 0.5 * math.log(2 * math.pi) + 0.5 * (1 + width**2)
    assert exact_divergence("kl", p, normal(0.0, 1.0)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "p", "q"),
    [
        ("kl", Cauchy(*tensor(0.0, 1.0)), normal(0.0, 1.0)),
        ("pearson", StudentT(*tensor(3.0)), StudentT(*tensor(7.0))),
        ("reverse_kl", Uniform(*tensor(0.0, 1.0)), Uniform(*tensor(0.0, 2.0))),
    ],
)
def test_infinite_values_are_inf(name: str, p: Distribution, q: Distribution) -> None:
    assert exact_divergence(name, p, q) == math.inf


def test_supports_that_differ() -> None:
    p, q = Uniform(*tensor(0.0, 1.0)), Uniform(*tensor(0.0, 2.0))
    assert exact_divergence("kl", p, q) == pytest.approx(math.log(2), rel=1e-6)
    assert exact_divergence("total_variation", p, q) == pytest.approx(0.5, rel=1e-6)
    rates = Exponential(tensor(1.0)[0]), Exponential(tensor(2.0)[0])
    assert exact_divergence("kl", *rates) == pytest.approx(math.log(0.5) + 2 - 1, rel=1e-6)
    laplaces = Laplace(*tensor(0.0, 1.0)), Laplace(*tensor(1.0, 1.0))
    assert exact_divergence("kl", *laplaces) == pytest.approx(kl_divergence(*laplaces).item(), rel=1e-6)


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        (Bernoulli(tensor(0.5)[0]), normal(0.0, 1.0), "discrete"),
        (Normal(tensor(0.0, 1.0), tensor(1.0, 1.0)), normal(0.0, 1.0), "batch of 2"),
        (Independent(Normal(tensor(0.0, 1.0), tensor(1.0, 1.0)), 1), normal(0.0, 1.0), "expected the same"),
        (Poisson(tensor(1.0)[0]), Categorical(tensor(0.5, 0.5)), "q is Categorical and the other a law of counts"),
        (Wishart(tensor(4.0)[0], torch.eye(2, dtype=torch.float64)), normal(0.0, 1.0), "event shape"),
        ("normal", normal(0.0, 1.0), "is str; expected a distribution"),
        (Beta(*tensor(1e-6, 1e-6)), Uniform(*tensor(0.0, 2.0)), "integrates to|out of the reach"),
        (Normal(*tensor(0.0, math.inf), validate_args=False), normal(0.0, 1.0), "'scale' of Normal that is not finite"),
        (Normal(*tensor(0.0, 0.0), validate_args=False), normal(0.0, 1.0), "'scale' of Normal that is not positive"),
        (singular(), singular(), "singular|positive"),
    ],
)
def test_misfits_are_refused(p: Distribution, q: Distribution, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        exact_divergence("kl", p, q)
