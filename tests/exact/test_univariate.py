"""Hundreds of random pairs of every univariate law against closed forms, SciPy's quantiles and torch, and their errors.

An error claimed is compared with the true one only where the truth has 16 digits: closed forms in arbitrary precision.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch.distributions import (
    Beta,
    ContinuousBernoulli,
    Distribution,
    Exponential,
    Gamma,
    Gumbel,
    HalfNormal,
    InverseGamma,
    Laplace,
    Normal,
    Pareto,
    Uniform,
    VonMises,
    Weibull,
    kl_divergence,
)

from bench import exact_divergence
from bench.divergences import divergence
from bench.exact.families import family_divergence
from bench.exact.quadrature import integrate
from tests.exact.by_quantiles import TERMS, divergence_by_quantiles
from tests.exact.laws import tensor
from tests.exact.random_laws import HALF_LINE, INTERVAL, LINE, Random, place, size, von_mises

CLOSED = ["kl", "reverse_kl", "jeffreys", "squared_hellinger", "alpha(0.3)", "alpha(-0.2)", "pearson", "alpha(1e-12)"]
FAMILIES = {
    "gamma": lambda r: Gamma(*tensor(size(r, 0.01, 1000), size(r))),
    "inverse_gamma": lambda r: InverseGamma(*tensor(size(r, 0.05, 100), size(r))),
    "exponential": lambda r: Exponential(*tensor(size(r))),
    "beta": lambda r: Beta(*tensor(size(r, 0.03, 300), size(r, 0.03, 300))),
    "half_normal": lambda r: HalfNormal(*tensor(size(r))),
    "weibull": lambda r: Weibull(*tensor(size(r), 1.7)),
    "pareto": lambda r: Pareto(*tensor(2.5, size(r))),
    "gumbel": lambda r: Gumbel(*tensor(place(r), 1.3)),
    "laplace": lambda r: Laplace(*tensor(0.7, size(r))),
    "continuous_bernoulli": lambda r: ContinuousBernoulli(*tensor(float(r.uniform(0.001, 0.999)))),
    "von_mises": von_mises,
}
# seeds of one pair each; the long sweep is marked slow
FEW = range(4)
MANY = range(100, 160)


def check_closed_form(family: str, seed: int) -> None:
    """No error is larger than claimed, and none claimed is large."""
    random = np.random.default_rng([seed, len(family)])
    p, q = (FAMILIES[family](random) for _ in range(2))
    name = CLOSED[seed % len(CLOSED)]
    truth = family_divergence(name, p, q)
    assert truth is not None
    if truth > 1e12:  # also inf: not far from where the integral ceases to exist
        return
    value = integrate(divergence(name), p, q)
    assert value.error is not None
    assert abs(value - truth) <= value.error
    assert value.error <= 1e-9 * truth + 1e-11 * math.sqrt(truth)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", FEW)
def test_quadrature_equals_closed_forms_within_its_error(family: str, seed: int) -> None:
    check_closed_form(family, seed + 10 * len(family))


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_many_pairs_equal_closed_forms_within_their_errors(family: str) -> None:
    for seed in MANY:
        check_closed_form(family, seed)


def check_against_quantiles(kinds: dict[str, object], first: str, second: str, seed: int) -> None:
    """To 1e-9: what quantiles of SciPy are good for."""
    random = np.random.default_rng(seed)
    p, q = kinds[first](random), kinds[second](random)  # type: ignore[operator]
    name = list(TERMS)[seed % len(TERMS)]
    value = integrate(divergence(name), p.law, q.law)
    assert value <= divergence(name).upper
    if math.isfinite(value):
        assert value == pytest.approx(divergence_by_quantiles(name, p, q), rel=1e-9, abs=1e-9), (name, first, second)
    else:
        assert name == "kl"


@pytest.mark.parametrize("kinds", [LINE, HALF_LINE, INTERVAL], ids=["line", "half_line", "interval"])
def test_every_law_against_quantiles(kinds: dict[str, object]) -> None:
    names = list(kinds)
    for seed, first in enumerate(names):
        check_against_quantiles(kinds, first, names[(seed + 1) % len(names)], seed)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [LINE, HALF_LINE, INTERVAL], ids=["line", "half_line", "interval"])
def test_every_pair_of_kinds_against_quantiles(kinds: dict[str, object]) -> None:
    for seed, (first, second) in enumerate(itertools.product(kinds, kinds)):
        check_against_quantiles(kinds, first, second, 1000 + seed)


def _closed(first: str, second: str) -> tuple[str, str]:
    return first, second


TORCH = [
    ("beta", "exponential"),
    ("beta", "gamma"),
    ("beta", "normal"),
    ("uniform", "normal"),
    ("uniform", "gumbel"),
    ("exponential", "gamma"),
    ("exponential", "normal"),
    ("gamma", "normal"),
    ("gamma", "exponential"),
    ("gumbel", "normal"),
    ("gumbel", "gumbel"),
    ("laplace", "normal"),
    ("laplace", "laplace"),
    ("normal", "laplace"),
    ("normal", "gumbel"),
    ("cauchy", "cauchy"),
    ("pareto", "exponential"),
    ("continuous_bernoulli", "exponential"),
    ("continuous_bernoulli", "normal"),
]


@pytest.mark.parametrize(("first", "second"), TORCH)
def test_kl_equals_torchs_closed_forms(first: str, second: str) -> None:
    """To 1e-9: of its formulas some subtract, and one has 10 digits of Euler's constant."""
    kinds = LINE | HALF_LINE | INTERVAL
    random = np.random.default_rng(len(first) + 100 * len(second))
    for _ in range(3):
        p, q = kinds[first](random).law, kinds[second](random).law
        truth = float(kl_divergence(p, q))
        value = integrate(divergence("kl"), p, q)
        assert value == pytest.approx(truth, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", ["js", "total_variation", "squared_hellinger", "alpha(0.3)"])
def test_nothing_lies_above_its_supremum(name: str) -> None:
    """Laws that hardly meet, and laws that do not."""
    pairs: list[tuple[Distribution, Distribution]] = [
        (Normal(*tensor(0.0, 1.0)), Normal(*tensor(60.0, 1.0))),
        (Uniform(*tensor(0.0, 1.0)), Uniform(*tensor(1.0, 2.0))),
        (VonMises(*tensor(0.0, 1e6)), VonMises(*tensor(3.0, 1e6))),
        (Gamma(*tensor(0.01, 1.0)), Gamma(*tensor(900.0, 1.0))),
        (Beta(*tensor(0.01, 500.0)), Beta(*tensor(500.0, 0.01))),
    ]
    upper = divergence(name).upper
    for p, q in pairs:
        value = exact_divergence(name, p, q)
        assert upper * (1 - 1e-2) <= value <= upper


def test_random_is_what_is_said() -> None:
    """Scales between a tenth and ten."""
    random: Random = np.random.default_rng(0)
    drawn = [size(random) for _ in range(100)]
    assert 0.1 <= min(drawn) < 0.2
    assert 5 < max(drawn) <= 10
    assert torch.get_default_dtype() == torch.float32
