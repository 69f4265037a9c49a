"""Laws of counts against closed forms and plain sums."""

from __future__ import annotations

import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.distributions import (
    Bernoulli,
    Binomial,
    Categorical,
    Distribution,
    Geometric,
    Independent,
    MixtureSameFamily,
    NegativeBinomial,
    Poisson,
)

from bench import BenchError, exact_divergence
from bench.divergences import DIVERGENCES, divergence
from bench.exact import counts
from bench.exact.counts import add_up_counts, log_factorial_rest
from tests.exact.laws import tensor

rates, probabilities = st.floats(0.01, 50), st.floats(0.05, 0.95)
CLOSED = ["kl", "reverse_kl", "jeffreys", "squared_hellinger", "alpha(0.3)"]


@given(rates, rates)
@settings(max_examples=15)
def test_poisson(first: float, second: float) -> None:
    """The closed form, the sum, and the textbook's formula."""
    p, q = Poisson(tensor(first)[0]), Poisson(tensor(second)[0])
    expected = first * math.log(first / second) + second - first
    assert exact_divergence("kl", p, q) == pytest.approx(expected, rel=1e-9, abs=1e-14)
    for name in CLOSED:
        closed = exact_divergence(name, p, q)
        assert closed.method == "closed form"
        assert add_up_counts(divergence(name), p, q) == pytest.approx(closed, rel=1e-9, abs=1e-15)


@given(probabilities, probabilities)
@settings(max_examples=15)
def test_geometric(first: float, second: float) -> None:
    p, q = Geometric(tensor(first)[0]), Geometric(logits=tensor(math.log(second / (1 - second)))[0])
    expected = math.log(first / second) + (1 - first) / first * math.log((1 - first) / (1 - second))
    assert exact_divergence("kl", p, q) == pytest.approx(expected, rel=1e-9, abs=1e-14)
    for name in CLOSED:
        assert add_up_counts(divergence(name), p, q) == pytest.approx(exact_divergence(name, p, q), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_mixed_kinds_against_sums_of_scipy(name: str) -> None:
    p, q, d = Binomial(9, tensor(0.4)[0]), NegativeBinomial(tensor(3.5)[0], tensor(0.4)[0]), divergence(name)
    k = torch.arange(200).numpy()
    at_p, at_q = (torch.as_tensor(law.pmf(k)) for law in (stats.binom(9, 0.4), stats.nbinom(3.5, 0.6)))
    if name in ("reverse_kl", "jeffreys", "neyman"):
        assert exact_divergence(name, p, q) == math.inf
        return
    expected = float((at_q * d.f(at_p / at_q)).sum())
    assert exact_divergence(name, p, q) == pytest.approx(expected, rel=1e-9)


def test_infinite_sums() -> None:
    """A geometric tail over one of Poisson."""
    assert exact_divergence("pearson", Geometric(tensor(0.5)[0]), Poisson(tensor(3.0)[0])) == math.inf
    assert exact_divergence("pearson", Geometric(tensor(0.2)[0]), Geometric(tensor(0.5)[0])) == math.inf
    assert math.isfinite(exact_divergence("kl", Geometric(tensor(0.5)[0]), Poisson(tensor(3.0)[0])))


def test_large_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    p, q = Poisson(tensor(1e5)[0]), Poisson(tensor(1.001e5)[0])
    assert add_up_counts(divergence("kl"), p, q) == pytest.approx(exact_divergence("kl", p, q), rel=1e-9)
    monkeypatch.setattr(counts, "_MOST", 2**18)
    with pytest.raises(BenchError, match="has not settled at 262144"):
        exact_divergence("js", Poisson(tensor(1e6)[0]), q)


def test_mixtures_of_bernoulli_are_bernoulli() -> None:
    weights = tensor(0.25, 0.75)
    p = MixtureSameFamily(Categorical(weights), Bernoulli(tensor(0.1, 0.6)))
    q = MixtureSameFamily(Categorical(weights), Bernoulli(tensor(0.3, 0.9)))
    for name in DIVERGENCES:
        expected = exact_divergence(name, Bernoulli(tensor(0.475)[0]), Bernoulli(tensor(0.75)[0]))
        value = exact_divergence(name, p, q)
        assert value == pytest.approx(expected, rel=1e-12)
        assert value.method == "sum"


def test_mixtures_of_binary_vectors() -> None:
    """Against a sum over all 2⁴ points of torch's own log_prob."""
    generator = torch.Generator().manual_seed(0)

    def law() -> MixtureSameFamily:
        rows = torch.rand(3, 4, generator=generator, dtype=torch.float64)
        return MixtureSameFamily(Categorical(tensor(0.2, 0.3, 0.5)), Independent(Bernoulli(rows), 1))

    p, q = law(), law()
    points = torch.cartesian_prod(*[tensor(0.0, 1.0)] * 4)
    at_p, at_q = p.log_prob(points).exp(), q.log_prob(points).exp()
    for name in ("kl", "js", "total_variation"):
        expected = float((at_q * divergence(name).f(at_p / at_q)).sum())
        assert exact_divergence(name, p, q) == pytest.approx(expected, rel=1e-9)


def test_mixtures_of_counts() -> None:
    def law(*means: float) -> Distribution:
        return MixtureSameFamily(Categorical(tensor(0.5, 0.5)), Poisson(tensor(*means)))

    value = exact_divergence("js", law(1.0, 9.0), law(2.0, 20.0))
    k = torch.arange(200)
    at = [sum(torch.as_tensor(stats.poisson.pmf(k.numpy(), m)) for m in pair) / 2 for pair in ((1, 9), (2, 20))]
    assert value == pytest.approx(float((at[1] * divergence("js").f(at[0] / at[1])).nan_to_num().sum()), rel=1e-9)


@pytest.mark.parametrize("k", [1.0, 3.0, 15.0, 16.0, 40.0, 1e6, 1e12])
def test_stirlings_rest_against_mpmath(k: float) -> None:
    with mpmath.workdps(40):
        x = mpmath.mpf(k)
        expected = mpmath.loggamma(x + 1) - (x * mpmath.log(x) - x + mpmath.log(2 * mpmath.pi * x) / 2)
    assert float(log_factorial_rest(tensor(k))) == pytest.approx(float(expected), rel=1e-12, abs=2e-14)
