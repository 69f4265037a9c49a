"""The table of divergences against autograd, suprema and quadrature, over many inputs."""

from __future__ import annotations

import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import lambertw, wrightomega

from bench.divergence_math import log_wright_omega, tangent_by_autograd
from bench.divergences import DIVERGENCES, Divergence, alpha, divergence, register_divergence
from bench.errors import BenchError, UnknownNameError

NAMES = [*DIVERGENCES, "alpha(-1)", "alpha(0)", "alpha(0.3)", "alpha(0.5)", "alpha(1)", "alpha(2)", "alpha(3.5)"]
SMOOTH = [name for name in NAMES if name != "total_variation"]
log_ratios = st.floats(-8, 8)


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("name", SMOOTH)
@given(v=log_ratios)
@settings(max_examples=25)
def test_tangents_equal_autograd_of_f(name: str, v: float) -> None:
    d = divergence(name)
    slope, intercept = tangent_by_autograd(d.f)
    x = tensor(v)
    scale = 1 + float(d.f(x.exp()).abs() + (x.exp() * slope(x)).abs())  # terms that cancel in the intercept
    assert d.slope(x).item() == pytest.approx(slope(x).item(), rel=1e-9, abs=1e-12 * scale)
    assert d.intercept(x).item() == pytest.approx(intercept(x).item(), rel=1e-9, abs=1e-12 * scale)


@pytest.mark.parametrize("name", NAMES)
@given(v=log_ratios, w=log_ratios)
def test_tangents_lie_below_f_and_touch_it(name: str, v: float, w: float) -> None:
    """f(s) ≥ f'(r) s + f(r) − r f'(r), with equality at s = r: the convexity that the bound rests on."""
    d = divergence(name)
    r, s = tensor(v), tensor(w)
    below = d.slope(r) * s.exp() + d.intercept(r)
    scale = 1 + float(d.f(s.exp()).abs() + (d.slope(r) * s.exp()).abs() + d.intercept(r).abs())
    assert below.item() <= d.f(s.exp()).item() + 1e-12 * scale
    touching = d.slope(r) * r.exp() + d.intercept(r)
    assert touching.item() == pytest.approx(d.f(r.exp()).item(), abs=1e-12 * scale * (1 + math.exp(2 * abs(v))))


@pytest.mark.parametrize("name", NAMES)
@given(v=st.floats(-5, 5))
@settings(max_examples=15)
def test_fenchel_conjugate_is_the_supremum(name: str, v: float) -> None:
    """f*(t) = sup_s (s t − f(s)), the supremum taken on a fine grid of log s.

    For pearson the paper extends f to negative s, so below t = −2 its f* lies above the supremum: still a bound.
    """
    d = divergence(name)
    statistic, conjugate = d.fenchel(tensor(v))
    s = torch.linspace(-25, 25, 200_001, dtype=torch.float64).exp()
    values = s * statistic - d.f(s)
    if name == "pearson" and v < -2:
        assert conjugate.item() > values.max().item()
    else:
        assert conjugate.item() == pytest.approx(values.max().item(), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", SMOOTH)
def test_both_parameterisations_give_the_divergence_at_the_optimum(name: str) -> None:
    """At the optimal critic, v = log p/q or T = f'(p/q), both bounds equal D_f on a discrete pair."""
    d = divergence(name)
    p, q = tensor(0.2, 0.5, 0.3), tensor(0.4, 0.35, 0.25)
    exact = (q * d.f(p / q)).sum()
    v = (p / q).log()
    assert (p * d.slope(v) + q * d.intercept(v)).sum().item() == pytest.approx(exact.item(), abs=1e-12)
    outputs = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([outputs], lr=0.5, max_iter=500, tolerance_grad=1e-10, tolerance_change=1e-14)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        at_p, at_q = d.fenchel_terms(outputs, outputs)
        value = -(p * at_p + q * at_q).sum()
        value.backward()
        return value

    optimiser.step(loss)
    assert -loss().item() == pytest.approx(exact.item(), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_terms_and_gradients_are_finite(name: str, dtype: torch.dtype) -> None:
    d = divergence(name)
    v = torch.tensor([-80.0, -40.0, -1e-4, 0.0, 1e-4, 40.0, 80.0], dtype=dtype, requires_grad=True)
    for terms in (d.terms(v, v), d.fenchel_terms(v, v)):
        (gradient,) = torch.autograd.grad(terms[0].sum() + terms[1].sum(), v)
        assert all(bool(t.isfinite().all()) for t in (*terms, gradient))


@pytest.mark.parametrize("name", NAMES)
def test_value_of_equal_distributions_is_the_lower_end(name: str) -> None:
    d = divergence(name)
    zeros = torch.zeros(5, dtype=torch.float64)
    assert d.bound(zeros, zeros).item() == pytest.approx(d.lower, abs=1e-15)


@pytest.mark.parametrize("name", [n for n in NAMES if math.isfinite(divergence(n).upper)])
def test_upper_end_is_approached_by_separated_distributions(name: str) -> None:
    d = divergence(name)
    far = torch.full((3,), 40.0, dtype=torch.float64)
    # alpha approaches 1/(a(1 − a)) like exp(−min(a, 1 − a) v), here exp(−0.3 · 40) = 6e-6
    assert d.bound(far, -far).item() == pytest.approx(d.upper, abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
@given(v=st.floats(-4, 4))
def test_symmetric_ones_are_their_own_mirror(name: str, v: float) -> None:
    """D_f(Q‖P) has r f(1/r) for f; where symmetric, that is f up to a multiple of r − 1, which integrates to 0."""
    d = divergence(name)
    r = tensor(v).exp()
    mirrored = r * d.f(1 / r) - d.f(r)
    if d.symmetric:
        slope = (2 * d.f(tensor(0.5)) - d.f(tensor(2.0))) / (2.0 - 1)  # mirrored(2) / (2 − 1)
        assert mirrored.item() == pytest.approx((slope * (r - 1)).item(), abs=1e-9)


@pytest.mark.parametrize(
    ("direction", "names"),
    [
        ("forward", ["kl", "pearson", "alpha(0.7)", "alpha(1)", "alpha(2.5)", "alpha(300)", "alpha(1e5)"]),
        ("reverse", ["reverse_kl", "neyman", "alpha(0.3)", "alpha(0)", "alpha(-1.5)", "alpha(1e-15)", "alpha(-300)"]),
        ("symmetric", ["js", "gan", "jeffreys", "squared_hellinger", "total_variation", "alpha(0.5)"]),
    ],
)
def test_directions(direction: str, names: list[str]) -> None:
    assert {name: divergence(name).direction for name in names} == dict.fromkeys(names, direction)


@given(
    a=st.sampled_from([0.0, 1e-9, -1e-12, 1e-15, 1e-300, 0.3, 0.5, 0.999999999, 1.0, 1.0000000000001, 2.5, -4.0, 40.0]),
    log_distance=st.floats(-12, 0.6),
    sign=st.sampled_from([-1.0, 1.0]),
)
def test_f_of_alpha_equals_mpmath(a: float, log_distance: float, sign: float) -> None:
    """Near a = 0 and 1, and near r = 1, where the textbook's formula cancels; here with 400 digits."""
    r = tensor(math.exp(sign * 10**log_distance))
    with mpmath.workdps(400):
        x, order = mpmath.mpf(float(r)), mpmath.mpf(a)
        if a in (0, 1):
            expected = x * mpmath.log(x) - (x - 1) if a else -mpmath.log(x) + (x - 1)
        else:
            expected = (x**order - 1 - order * (x - 1)) / (order * (order - 1))
    assert float(alpha(a).f(r)) == pytest.approx(float(expected), rel=1e-11)


@pytest.mark.parametrize("a", [0.3, 0.5, 0.7, 1.0, 2.0])
def test_f_of_alpha_at_zero(a: float) -> None:
    """f(0) = 1/a, and autograd's f' is finite where f is smooth."""
    assert float(alpha(a).f(tensor(0.0))) == pytest.approx(1 / a)
    r = tensor(0.5, 0.99, 1.0, 1.01, 2.0).requires_grad_()
    (slope,) = torch.autograd.grad(alpha(a).f(r).sum(), r)
    assert torch.allclose(slope, alpha(a).slope(r.detach().log()), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "other", "factor", "offset"),
    [
        ("js", "gan", 1.0, 2 * math.log(2)),
        ("alpha(0.5)", "squared_hellinger", 2.0, 0.0),
        ("alpha(1)", "kl", 1.0, 0.0),
        ("alpha(0)", "reverse_kl", 1.0, 0.0),
        ("alpha(2)", "pearson", 0.5, 0.0),
        ("alpha(-1)", "neyman", 0.5, 0.0),
    ],
)
def test_relations_between_divergences_by_quadrature(name: str, other: str, factor: float, offset: float) -> None:
    p, q = stats.norm(0.3, 0.8), stats.norm(-0.2, 1.0)

    def value(d: Divergence) -> float:
        def integrand(x: float) -> float:
            return float(q.pdf(x) * d.f(tensor(p.pdf(x) / q.pdf(x))).item())

        return float(integrate.quad(integrand, -8, 8, epsabs=1e-11)[0])

    assert value(divergence(name)) == pytest.approx(factor * value(divergence(other)) + offset, abs=1e-8)


@given(y=st.floats(-80, 700))
def test_wright_omega_equals_scipys(y: float) -> None:
    u = log_wright_omega(tensor(y))
    assert u.exp().item() == pytest.approx(float(wrightomega(y).real), rel=1e-12)
    if abs(y) < 500:
        assert u.exp().item() == pytest.approx(float(lambertw(math.exp(y)).real), rel=1e-12)


def test_a_new_divergence_is_one_f() -> None:
    mine = register_divergence("test_exponential", lambda r: r.exp() - math.e * r, lower=0.0)
    v = torch.linspace(-2, 2, 9, dtype=torch.float64)
    assert torch.allclose(mine.slope(v), v.exp().exp() - math.e)
    assert torch.allclose(mine.intercept(v), v.exp().exp() * (1 - v.exp()))
    assert divergence("test_exponential") is mine


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_new_divergence_is_accurate_as_far_as_it_reaches(dtype: torch.dtype) -> None:
    """kl, reverse_kl and squared_hellinger by their f alone against their closed forms, at any v."""
    v = torch.linspace(-80, 80, 161, dtype=dtype)
    for name in ("kl", "reverse_kl", "squared_hellinger"):
        closed = divergence(name)
        slope, intercept = tangent_by_autograd(closed.f)
        derived = Divergence(name, closed.f, slope, intercept, closed.fenchel, reach=25.0)
        clamped = v.clamp(-25, 25)
        for found, expected in zip(derived.terms(v, v), closed.terms(clamped, clamped), strict=True):
            assert torch.allclose(found, expected, rtol=1e-5, atol=1e-4)


def test_a_clamped_bound_is_still_a_bound() -> None:
    """The bound of a critic beyond the range of the float type is that of the clamped critic: finite, not above."""
    d = divergence("pearson")
    v = torch.full((4,), 200.0)
    assert d.bound(v, -v).isfinite()


@pytest.mark.parametrize("name", ["klx", "alpha", "alpha(0.5", ""])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(UnknownNameError, match="expected one of"):
        divergence(name)


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'reverse_kl'"):
        divergence("reverse-kl")


@pytest.mark.parametrize("name", ["alpha(x)", "alpha(inf)", "alpha(nan)", "alpha()"])
def test_alpha_needs_a_finite_number(name: str) -> None:
    with pytest.raises(BenchError, match="expected a finite number"):
        divergence(name)
