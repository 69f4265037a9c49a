"""Monte Carlo against values known otherwise, and where it must refuse."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Cauchy, Dirichlet, Distribution, Laplace, Normal, StudentT, Uniform, kl_divergence

from bench import BenchError, exact_divergence
from bench.divergences import DIVERGENCES, divergence
from bench.exact.monte_carlo import sample_mean
from tests.exact.laws import gaussian, product, tensor

SAMPLES = 2**16
THREE = gaussian([0.0] * 3, [1.0, 1.2, 0.8], 0.5), gaussian([0.4, 0.0, 0.2], [1.1, 1.0, 1.0], 0.2)
# 4.5 standard errors are missed by chance once in 150,000 runs; the seeds are fixed besides
SIGMAS = 4.5


def agrees(name: str, p: Distribution, q: Distribution, expected: float) -> bool:
    value = sample_mean(divergence(name), p, q, SAMPLES, seed=0)
    assert value.method == "monte carlo"
    assert value.stderr is not None
    return abs(value - expected) < SIGMAS * value.stderr + 1e-12


@pytest.mark.parametrize("name", ["kl", "reverse_kl", "jeffreys", "squared_hellinger", "alpha(0.3)", "pearson"])
def test_equals_closed_forms(name: str) -> None:
    assert agrees(name, *THREE, exact_divergence(name, *THREE))


@pytest.mark.parametrize("name", DIVERGENCES)
def test_equals_quadrature(name: str) -> None:
    p, q = product(Laplace, [0.0, 0.0], [1.0, 1.0]), product(Laplace, [0.5, 0.0], [1.0, 1.4])
    assert agrees(name, p, q, exact_divergence(name, p, q))


def test_standard_errors_are_what_repetition_shows() -> None:
    """Of 64 runs: the spread of the values over the mean standard error is within 4.5/√128 of 1."""
    runs = [sample_mean(divergence("js"), *THREE, 2000, seed) for seed in range(64)]
    errors = torch.tensor([run.stderr for run in runs], dtype=torch.float64)
    spread = torch.tensor(runs, dtype=torch.float64).std()
    assert float(spread / errors.mean()) == pytest.approx(1, abs=4.5 / math.sqrt(128))


def test_small_differences_are_not_lost() -> None:
    """Js ≈ ¼ δ² with a relative standard error that does not depend on δ."""
    p, q = gaussian([0.0] * 3, [1.0] * 3), gaussian([1e-6, 0.0, 0.0], [1.0] * 3)
    value = sample_mean(divergence("js"), p, q, SAMPLES, seed=0)
    assert value.stderr is not None
    assert value.stderr < 0.02 * value
    assert value == pytest.approx(0.25e-12, rel=0.1)


def test_used_where_nothing_else_is_left_and_repeatable() -> None:
    p, q = product(Laplace, [0.0] * 5, [1.0] * 5), product(Normal, [0.0] * 5, [1.0] * 5)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    first = exact_divergence("js", p, q, samples=4000, seed=1)
    assert torch.equal(torch.rand(3), expected)
    assert first.method == "monte carlo"
    assert exact_divergence("js", p, q, samples=4000, seed=1) == first
    assert exact_divergence("js", p, q, samples=4000, seed=2) != first


def test_a_law_on_the_simplex() -> None:
    p, q = Dirichlet(tensor(1.0, 2.0, 3.0)), Dirichlet(tensor(2.0, 2.0, 2.0))
    assert agrees("kl", p, q, float(kl_divergence(p, q)))
    assert exact_divergence("js", p, q, samples=SAMPLES).method == "monte carlo"


def test_gan_of_equal_laws_is_exact() -> None:
    law = product(Laplace, [0.0] * 3, [1.0] * 3)
    assert exact_divergence("gan", law, law, samples=2000) == pytest.approx(-2 * math.log(2))


def test_infinite_by_support() -> None:
    p, q = product(Uniform, [0.0] * 3, [2.0] * 3), product(Uniform, [0.0] * 3, [1.0] * 3)
    value = sample_mean(divergence("kl"), p, q, 2000, seed=0)
    assert value == math.inf
    assert value.stderr is None
    assert agrees("total_variation", p, q, 1 - 1 / 8)


@pytest.mark.parametrize(
    ("name", "p", "q"),
    [
        ("kl", product(Cauchy, [0.0] * 3, [1.0] * 3), product(Normal, [0.0] * 3, [1.0] * 3)),
        ("pearson", product(StudentT, [3.0] * 3, [0.0] * 3), product(Normal, [0.0] * 3, [1.0] * 3)),
        ("pearson", gaussian([0.0] * 3, [1.3] * 3), gaussian([0.0] * 3, [1.0] * 3)),
    ],
)
def test_what_does_not_settle_is_refused(name: str, p: Distribution, q: Distribution) -> None:
    with pytest.raises(BenchError, match=r"infinite or out of reach of Monte Carlo.*Pareto"):
        sample_mean(divergence(name), p, q, SAMPLES, seed=0)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(BenchError, match="found samples=10; expected 1000 or more"):
        sample_mean(divergence("kl"), *THREE, 10, seed=0)
