"""Discrete laws against torch's closed forms and sums in Python."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import (
    Bernoulli,
    Binomial,
    Categorical,
    Distribution,
    Independent,
    Multinomial,
    OneHotCategorical,
    kl_divergence,
)

from bench import BenchError, exact_divergence
from bench.divergences import DIVERGENCES, divergence
from tests.exact.laws import normal, tensor

weights = st.lists(st.floats(0.01, 1), min_size=5, max_size=5)


@given(weights, weights)
@settings(max_examples=25)
def test_sums_over_categories(first: list[float], second: list[float]) -> None:
    p, q = Categorical(tensor(*first)), Categorical(tensor(*second))
    for name in DIVERGENCES:
        d = divergence(name)
        expected = float((q.probs * d.f(p.probs / q.probs)).sum())
        value = exact_divergence(name, p, q)
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-13)
        assert value.method == "sum"


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (Bernoulli(tensor(0.3)[0]), Bernoulli(logits=tensor(0.3)[0])),
        (Binomial(7, tensor(0.3)[0]), Binomial(7, tensor(0.6)[0])),
        (OneHotCategorical(tensor(1.0, 2.0, 3.0)), OneHotCategorical(tensor(3.0, 2.0, 1.0))),
        (Categorical(logits=tensor(1.0, 2.0)), Categorical(tensor(0.5, 0.5))),
    ],
)
def test_equal_torchs_closed_forms(p: Distribution, q: Distribution) -> None:
    assert exact_divergence("kl", p, q) == pytest.approx(float(kl_divergence(p, q)), rel=1e-12)


def test_tiny_differences() -> None:
    """KL ≈ ε²/2 Σ 1/p: (1e-8)² (1/.5 + 1/.5)/2 here."""
    value = exact_divergence("kl", Bernoulli(tensor(0.5)[0]), Bernoulli(tensor(0.5 + 1e-8)[0]))
    assert value == pytest.approx(2e-16, rel=1e-6)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (Categorical(tensor(0.5, 0.5)), Categorical(tensor(1.0, 0.0))),
        (Bernoulli(tensor(0.5)[0]), Bernoulli(tensor(0.0)[0])),
        (Binomial(3, tensor(0.5)[0]), Binomial(3, tensor(0.0)[0])),
    ],
)
def test_a_point_that_q_lacks(p: Distribution, q: Distribution) -> None:
    """Infinite for kl; for js finite, and that of the reversed pair."""
    assert exact_divergence("kl", p, q) == math.inf
    assert exact_divergence("js", p, q) == pytest.approx(exact_divergence("js", q, p))
    assert math.isfinite(exact_divergence("reverse_kl", p, q))


def test_a_joint_law_of_coordinates() -> None:
    """Over all 2³ points; js neither adds nor multiplies."""
    first, second = tensor(0.2, 0.5, 0.9), tensor(0.3, 0.5, 0.6)
    p, q = Independent(Bernoulli(first), 1), Independent(Bernoulli(second), 1)
    points = torch.cartesian_prod(*[tensor(0.0, 1.0)] * 3)
    at_p, at_q = p.log_prob(points).exp(), q.log_prob(points).exp()
    expected = float((at_q * divergence("js").f(at_p / at_q)).sum())
    assert exact_divergence("js", p, q) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        (Multinomial(2, tensor(0.5, 0.5)), Multinomial(2, tensor(0.4, 0.6)), "Multinomial, whose points cannot"),
        (Categorical(tensor(1.0, 1.0)), Categorical(tensor(1.0, 1.0, 1.0)), "2 points and q 3"),
        (Bernoulli(tensor(0.5)[0]), normal(0.0, 1.0), "p is discrete and q has a density"),
        (normal(0.0, 1.0), Bernoulli(tensor(0.5)[0]), "q is discrete and p has a density"),
    ],
)
def test_what_cannot_be_summed_is_refused(p: Distribution, q: Distribution, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        exact_divergence("js", p, q)
