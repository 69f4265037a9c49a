"""Quadrature on a line: sharp, distant, heavy-tailed and bounded laws."""

from __future__ import annotations

import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import (
    Beta,
    Cauchy,
    Distribution,
    Exponential,
    Gamma,
    Gumbel,
    HalfCauchy,
    HalfNormal,
    Laplace,
    LogNormal,
    MixtureSameFamily,
    Normal,
    Pareto,
    StudentT,
    Uniform,
    kl_divergence,
)

from bench import BenchError, exact_divergence
from bench.divergences import DIVERGENCES, divergence
from bench.exact.quadrature import integrate
from tests.exact.laws import mixture, normal, tensor

DUALS = {"kl": "reverse_kl", "pearson": "neyman", "alpha(0.3)": "alpha(0.7)"}
DUALS |= {name: name for name in ("js", "jeffreys", "squared_hellinger", "total_variation")}


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (Gamma(*tensor(0.5, 1.0)), Gamma(*tensor(1.0, 1.0))),
        (Gamma(*tensor(0.05, 1.0)), Gamma(*tensor(2.0, 3.0))),
        (Gamma(*tensor(400.0, 1.0)), Gamma(*tensor(420.0, 1.1))),
        (Beta(*tensor(0.5, 3.0)), Beta(*tensor(2.0, 3.0))),
        (Beta(*tensor(40.0, 2.0)), Uniform(*tensor(0.0, 1.0))),
        (LogNormal(*tensor(0.0, 3.0)), LogNormal(*tensor(1.0, 2.5))),
        (Pareto(*tensor(1.0, 0.5)), Pareto(*tensor(1.0, 2.0))),
        (Gumbel(*tensor(0.0, 1.0)), Gumbel(*tensor(1.0, 2.0))),
        (Laplace(*tensor(0.0, 1.0)), Laplace(*tensor(1.0, 1e-3))),
        (HalfNormal(*tensor(1.0)), HalfNormal(*tensor(3.0))),
        (Exponential(*tensor(1.0)), normal(0.0, 1.0)),
        (Gamma(*tensor(0.5, 1.0)), normal(0.0, 1.0)),
        (Uniform(*tensor(0.0, 1.0)), normal(5.0, 1.0)),
        (Uniform(*tensor(0.0, 1e-6)), Uniform(*tensor(-1.0, 1.0))),
        (normal(0.0, 1e-6), Laplace(*tensor(1.0, 1.0))),
    ],
)
def test_kl_equals_torchs_closed_forms(p: Distribution, q: Distribution) -> None:
    assert integrate(divergence("kl"), p, q) == pytest.approx(float(kl_divergence(p, q)), rel=1e-7)


def test_half_lines_of_cauchy() -> None:
    """Between half-Cauchy laws of scales 1 and 3 as between whole ones."""
    whole = exact_divergence("kl", Cauchy(*tensor(0.0, 1.0)), Cauchy(*tensor(0.0, 3.0)))
    assert exact_divergence("kl", HalfCauchy(*tensor(1.0)), HalfCauchy(*tensor(3.0))) == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("df", [0.5, 1.0, 2.5, 3.0])
def test_student_against_mpmath(df: float) -> None:
    """Mpmath's tanh-sinh over x = sinh t, written out anew."""
    p, q = StudentT(*tensor(df, 0.0, 1.0)), StudentT(*tensor(df, 1.0, 2.0))

    def log_density(x: mpmath.mpf, location: float, scale: float) -> mpmath.mpf:
        constant = mpmath.gamma((df + 1) / 2) / mpmath.gamma(df / 2) / mpmath.sqrt(df * mpmath.pi) / scale
        return mpmath.log(constant) - (df + 1) / 2 * mpmath.log1p(((x - location) / scale) ** 2 / df)

    def value(t: mpmath.mpf) -> mpmath.mpf:
        x = mpmath.sinh(t)
        at_p, at_q = log_density(x, 0.0, 1.0), log_density(x, 1.0, 2.0)
        return mpmath.exp(at_p) * (at_p - at_q) * mpmath.cosh(t)

    expected = mpmath.quad(value, [-80, -20, -5, -1, 0, 1, 5, 20, 80])
    assert exact_divergence("kl", p, q) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize(("far", "width"), [(10.0, 1.0), (10.0, 1e-6), (1e4, 1.0), (1e4, 1e-3)])
def test_modes_far_apart_differ_by_their_weights_alone(far: float, width: float) -> None:
    p, q = mixture([0.5, 0.5], [-far, far], [1.0, width]), mixture([0.3, 0.7], [-far, far], [1.0, width])
    expected = 0.5 * math.log(0.5 / 0.3) + 0.5 * math.log(0.5 / 0.7)
    assert exact_divergence("kl", p, q) == pytest.approx(expected, rel=1e-7)
    assert exact_divergence("total_variation", p, q) == pytest.approx(0.2, rel=1e-7)


@pytest.mark.parametrize("name", ["kl", "js", "pearson"])
def test_a_needle_in_a_wide_law(name: str) -> None:
    """Widths that differ by 1e6: with a needle of width → 0, two disjoint pairs, up to 1e-5 at the needle's foot."""
    p = mixture([0.5, 0.5], [0.0, 1.0], [1.0, 1e-6])
    q = mixture([0.5, 0.5], [0.0, 1.0], [1.0, 2e-6])
    needles = exact_divergence(name, normal(0.0, 1e-6), normal(0.0, 2e-6))
    assert exact_divergence(name, p, q) == pytest.approx(0.5 * needles, rel=1e-4)


@given(st.integers(0, 2**31), st.integers(1, 6), st.floats(-6, 0))
@settings(max_examples=6)
def test_duality_shift_and_scale(seed: int, modes: int, log_width: float) -> None:
    """D_f(P‖Q) = D_f*(Q‖P), and no D_f changes under x ↦ a x + b."""
    generator = torch.Generator().manual_seed(seed)

    def law() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        draw = torch.rand(3, modes, generator=generator, dtype=torch.float64)
        return draw[0] + 0.1, 10 * draw[1], 10 ** (log_width * draw[2])

    first, second = law(), law()
    p, q = (mixture(*(values.tolist() for values in parts)) for parts in (first, second))
    moved = [mixture(w.tolist(), (3 - 7 * m).tolist(), (7 * s).tolist()) for w, m, s in (first, second)]
    for name, dual in DUALS.items():
        value = exact_divergence(name, p, q)
        assert exact_divergence(dual, q, p) == pytest.approx(value, rel=2e-7)
        assert exact_divergence(name, moved[0], moved[1]) == pytest.approx(value, rel=2e-7)


def test_mixtures_of_bounded_laws() -> None:
    """Uniform laws on [0, 1] ∪ [2, 3] against [0, 3]."""
    parts = Uniform(tensor(0.0, 2.0), tensor(1.0, 3.0))
    p = MixtureSameFamily(torch.distributions.Categorical(tensor(0.5, 0.5)), parts)
    q = Uniform(*tensor(0.0, 3.0))
    assert exact_divergence("kl", p, q) == pytest.approx(math.log(1.5), rel=1e-9)
    assert exact_divergence("total_variation", p, q) == pytest.approx(1 / 3, rel=1e-9)
    assert exact_divergence("reverse_kl", p, q) == math.inf


def test_a_part_of_weight_zero_is_not_there() -> None:
    p, q = mixture([0.5, 0.5], [0.0, 9.0], [1.0, 1.0]), mixture([1.0, 0.0], [0.0, 9.0], [1.0, 1.0])
    assert exact_divergence("kl", p, q) == pytest.approx(exact_divergence("kl", p, normal(0.0, 1.0)), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "p", "q"),
    [
        ("pearson", Gamma(*tensor(0.5, 1.0)), Gamma(*tensor(1.5, 1.0))),  # ∫ x^(−1.5) at the edge
        ("kl", StudentT(*tensor(2.0)), normal(0.0, 1.0)),  # E[x²] diverges like a logarithm
        ("kl", Pareto(*tensor(1.0, 1.0)), Exponential(*tensor(1.0))),  # E[x] diverges so
        ("kl", normal(0.0, 1.0), Exponential(*tensor(1.0))),
        ("neyman", normal(0.0, 1.0), normal(0.0, 1.5)),
    ],
)
def test_infinite_values(name: str, p: Distribution, q: Distribution) -> None:
    assert exact_divergence(name, p, q) == math.inf


def test_kl_of_student_is_finite_just_above_two_degrees_of_freedom() -> None:
    """E[x²] = df/(df − 2): E_p[log p] is minus its entropy."""
    p = StudentT(*tensor(2.1))
    expected = -float(p.entropy()) + 0.5 * math.log(2 * math.pi) + 0.5 * 2.1 / 0.1
    assert exact_divergence("kl", p, normal(0.0, 1.0)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_tiny_differences(name: str) -> None:
    """D_f ≈ f''(1) ε²/2 for N(0, 1) and N(ε, 1), ε = 1e-6; total_variation ≈ ε/√(2π)."""
    p, q = mixture([0.5, 0.5], [0.0, 0.0], [1.0, 1.0]), mixture([0.5, 0.5], [1e-6, 1e-6], [1.0, 1.0])
    curvature = {"js": 0.5, "gan": 0.5, "jeffreys": 2.0, "pearson": 2.0, "neyman": 2.0, "squared_hellinger": 0.5}
    expected = 1e-6 / math.sqrt(2 * math.pi) if name == "total_variation" else curvature.get(name, 1.0) * 5e-13
    value = exact_divergence(name, p, q) - divergence(name).lower
    assert value == pytest.approx(expected, rel=1e-5, abs=1e-15 if name == "gan" else 0.0)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (StudentT(*tensor(1e-5)), StudentT(*tensor(1e-5, 3.0, 1.0))),  # mass beyond e^100000
        (Gamma(*tensor(1e-5, 1.0)), Gamma(*tensor(2e-5, 1.0))),  # mass below e^−100000
    ],
)
def test_mass_out_of_reach_is_refused(p: Distribution, q: Distribution) -> None:
    with pytest.raises(BenchError, match=r"integrates to|out of the reach"):
        exact_divergence("js", p, q)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parameters_are_taken_as_exact(dtype: torch.dtype) -> None:
    """In whatever type they come: torch's own log_prob in float32 is wrong by 1e-7."""
    exact = Normal(*tensor(0.25, 1.5)), Laplace(*tensor(0.5, 0.75))
    given_laws = [type(law)(law.loc.to(dtype), law.scale.to(dtype)) for law in exact]
    assert exact_divergence("kl", given_laws[0], given_laws[1]) == exact_divergence("kl", exact[0], exact[1])


def test_the_global_random_state_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    exact_divergence("js", Gamma(*tensor(0.5, 1.0)), LogNormal(*tensor(0.0, 1.0)))
    assert torch.equal(torch.rand(4), expected)
