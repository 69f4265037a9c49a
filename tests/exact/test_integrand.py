"""h(v) = 2 f̃(eᵛ)/(1 + eᵛ) against mpmath's arbitrary precision."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.divergence_math import tangent_by_autograd
from bench.divergences import DIVERGENCES, Divergence, alpha, divergence
from bench.exact.integrand import at_equality, has_kink, log_excess

Real = mpmath.mpf
# f and f'(1), as mpmath sees them
TABLE: dict[str, tuple[Callable[[Real], Real], Real]] = {
    "kl": (lambda r: r * mpmath.log(r), 1),
    "reverse_kl": (lambda r: -mpmath.log(r), -1),
    "js": (lambda r: r * mpmath.log(r) - (r + 1) * mpmath.log((r + 1) / 2), 0),
    "gan": (lambda r: r * mpmath.log(r) - (r + 1) * mpmath.log(r + 1), None),
    "jeffreys": (lambda r: (r - 1) * mpmath.log(r), 0),
    "pearson": (lambda r: (r - 1) ** 2, 0),
    "neyman": (lambda r: (1 - r) ** 2 / r, 0),
    "squared_hellinger": (lambda r: (mpmath.sqrt(r) - 1) ** 2, 0),
    "total_variation": (lambda r: abs(r - 1) / 2, 0),
    "alpha(0.3)": (lambda r: (r ** Real("0.3") - 1 - Real("0.3") * (r - 1)) / (Real("0.3") * Real("-0.7")), 0),
    "alpha(5)": (lambda r: (r**5 - 1 - 5 * (r - 1)) / 20, 0),
    "alpha(-4)": (lambda r: (r**-4 - 1 + 4 * (r - 1)) / 20, 0),
}
exponents = st.builds(lambda sign, power: sign * 10.0**power, st.sampled_from([-1.0, 1.0]), st.floats(-10, 3))


def at(v: float) -> torch.Tensor:
    return torch.tensor([v], dtype=torch.float64)


@pytest.mark.parametrize("name", TABLE)
@given(v=exponents)
@settings(max_examples=25)
def test_equals_mpmath(name: str, v: float) -> None:
    f, slope = TABLE[name]
    with mpmath.workdps(60):
        r = mpmath.exp(Real(v))
        slope = -mpmath.log(2) if slope is None else slope
        expected = mpmath.log(2 * (f(r) - f(Real(1)) - slope * (r - 1)) / (1 + r))
    # total_variation is 1 − e⁻ᵛ where it is not smooth: what rounding leaves of it
    tolerance = 1e-11 + (1e-15 / abs(v) if name == "total_variation" else 0.0)
    assert float(log_excess(divergence(name))(at(v))) == pytest.approx(float(expected), abs=tolerance, rel=1e-13)


@pytest.mark.parametrize("name", ["alpha(-0.2)", "alpha(0.3)", "alpha(1.2)", "alpha(2.5)"])
@pytest.mark.parametrize("size", [290.0, 310.0, 500.0, 1000.0, 1500.0])
def test_powers_are_continued_exactly_beyond_overflow(name: str, size: float) -> None:
    """To the rounding of the value itself and of what stands at |v| = 300: not what a slope over one step makes."""
    a = Real(float(name[6:-1]))
    h = log_excess(divergence(name))
    for v in (-size, size):
        with mpmath.workdps(60):
            r = mpmath.exp(Real(v))
            expected = mpmath.log(2 * ((r**a - 1) / (a * (a - 1)) - (r - 1) / (a - 1)) / (1 + r))
        assert float(h(at(v))) == pytest.approx(float(expected), rel=4e-16, abs=6e-14)


@pytest.mark.parametrize("name", TABLE)
def test_value_at_equality_is_the_least(name: str) -> None:
    assert at_equality(divergence(name)) == pytest.approx(divergence(name).lower, abs=1e-15)
    assert float(log_excess(divergence(name))(at(0.0)).exp()) == 0.0


@pytest.mark.parametrize(
    ("name", "above", "below"),
    [
        ("kl", math.inf, 2.0),
        ("reverse_kl", 2.0, math.inf),
        ("js", 2 * math.log(2), 2 * math.log(2)),
        ("squared_hellinger", 2.0, 2.0),
        ("total_variation", 1.0, 1.0),
        ("alpha(0.3)", 2 / 0.7, 2 / 0.3),
        ("pearson", math.inf, 2.0),
    ],
)
def test_limits_where_one_law_has_no_mass(name: str, above: float, below: float) -> None:
    """2 f'(∞) − 2 f'(1), and 2 f(0) − 2 f(1) + 2 f'(1)."""
    h = log_excess(divergence(name))
    assert float(h(at(math.inf)).exp()) == pytest.approx(above)
    assert float(h(at(-math.inf)).exp()) == pytest.approx(below)


@given(v=exponents)
@settings(max_examples=40)
def test_a_divergence_known_by_its_f_alone(v: float) -> None:
    """Where autograd of f overflows, beyond |v| = 700, its growth is continued."""
    slope, intercept = tangent_by_autograd(lambda r: torch.xlogy(r, r))
    own = Divergence("own", lambda r: r, slope, intercept, lambda v: (v, v))
    expected = float(log_excess(divergence("kl"))(at(v)))
    assert float(log_excess(own)(at(v))) == pytest.approx(expected, abs=1e-9)


def test_which_divergences_have_a_kink() -> None:
    assert [name for name in DIVERGENCES if has_kink(DIVERGENCES[name])] == ["total_variation"]
    assert not has_kink(alpha(30.0))
