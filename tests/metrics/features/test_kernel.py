"""KID: against plain loops and torchmetrics, unbiased, with a standard error that holds over repeated draws."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchmetrics.image.kid import poly_mmd

from bench.errors import BenchError
from bench.metrics.features import KernelDistance, kernel, kernel_distance
from bench.metrics.features.cubic import CentredKernel, PlainKernel
from bench.metrics.features.kernel import compare_within, estimate_discrepancy


def normal(n: int, d: int, seed: int, shift: float = 0.0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def by_loops(x: Tensor, y: Tensor) -> float:
    """The definition, a pair at a time."""

    def k(a: list[float], b: list[float]) -> float:
        return float((math.fsum(p * q for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3)

    p, q = x.tolist(), y.tolist()
    n, m = len(p), len(q)
    inner_p = math.fsum(k(p[i], p[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    inner_q = math.fsum(k(q[i], q[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return inner_p + inner_q - 2 * math.fsum(k(a, b) for a in p for b in q) / (n * m)


@given(
    n=st.integers(2, 9), m=st.integers(2, 9), d=st.integers(1, 6), seed=st.integers(0, 10**6), shift=st.floats(-3, 3)
)
def test_equals_the_definition(n: int, m: int, d: int, seed: int, shift: float) -> None:
    x, y = normal(n, d, seed), normal(m, d, seed + 1, shift)
    assert kernel_distance(x, y).value == pytest.approx(by_loops(x, y), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("block", [1, 50, 1000, 2**21])
def test_equals_torchmetrics_whatever_the_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_BLOCK", block)
    x, y = normal(83, 12, 0), normal(83, 12, 1, 0.3)
    assert kernel_distance(x, y).value == pytest.approx(float(poly_mmd(x, y)), rel=1e-11)


@pytest.mark.parametrize("block", [1, 50, 1000])
def test_the_standard_error_does_not_depend_on_the_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(83, 12, 0), normal(61, 12, 1, 0.3)
    whole = kernel_distance(x, y).stderr
    monkeypatch.setattr(kernel, "_BLOCK", block)
    assert kernel_distance(x, y).stderr == pytest.approx(whole, rel=1e-10)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_unbiased_for_normal_laws(shift: float) -> None:
    """In one dimension k = (xy + 1)³ has the distance Σ_j C(3, j) (E x^j − E y^j)²."""
    moments_x, moments_y = (0, 1, 0), (shift, 1 + shift**2, shift**3 + 3 * shift)
    exact = sum(math.comb(3, j + 1) * (a - b) ** 2 for j, (a, b) in enumerate(zip(moments_x, moments_y, strict=True)))
    draws = [kernel_distance(normal(60, 1, 2 * s), normal(40, 1, 2 * s + 1, shift)).value for s in range(2000)]
    values = torch.tensor(draws, dtype=torch.float64)
    assert abs(float(values.mean()) - exact) < 4 * float(values.std()) / len(values) ** 0.5


@pytest.mark.parametrize(("n", "m", "shift"), [(100, 100, 0.0), (100, 60, 0.0), (100, 100, 0.5), (60, 100, 1.0)])
def test_the_standard_error_is_the_spread_over_repeated_draws(n: int, m: int, shift: float) -> None:
    """Both where the first order of the variance rules, and where both laws are equal and it vanishes.

    800 draws give the spread to 2.5 % if it were normal, and heavy tails make that about 7 %; what is left out is of
    order 1/n. Two standard errors hold 95 % of normal draws; the law at equality is skewed.
    """
    exact = _exact(4, shift)
    results = [kernel_distance(normal(n, 4, 2 * s), normal(m, 4, 2 * s + 1, shift)) for s in range(800)]
    values = torch.tensor([r.value for r in results], dtype=torch.float64)
    errors = torch.tensor([r.stderr for r in results], dtype=torch.float64)
    assert float(errors.square().mean().sqrt()) == pytest.approx(float(values.std()), rel=0.2)
    covered = float(((values - exact).abs() <= 2 * errors).double().mean())
    assert 0.9 < covered <= 1


def _exact(d: int, shift: float) -> float:
    """Squared discrepancy of N(0, I) and N(shift, I): E (s + 1)³ with s = xᵀy/d, by moments of the normal law."""

    def mean(a: float, b: float) -> float:
        # s = Σ x_i y_i / d, terms independent with means ab, second moments (1+a²)(1+b²), third (a³+3a)(b³+3b)
        one, two, three = a * b, (1 + a * a) * (1 + b * b), (a**3 + 3 * a) * (b**3 + 3 * b)
        second = (d * two + d * (d - 1) * one**2) / d**2
        third = (d * three + 3 * d * (d - 1) * two * one + d * (d - 1) * (d - 2) * one**3) / d**3
        return third + 3 * second + 3 * one + 1

    return mean(0, 0) + mean(shift, shift) - 2 * mean(0, shift)


def test_not_scaled_by_a_thousand() -> None:
    """All x at 0 and all y at 1, in one dimension: 1 + 8 − 2."""
    result = kernel_distance(torch.zeros(5, 1), torch.ones(4, 1))
    assert (result.value, result.stderr) == (7, 0)


def test_metric_merges_and_equals_the_function() -> None:
    x, y = normal(50, 3, 0), normal(40, 3, 1, 0.5)
    one, other = KernelDistance(), KernelDistance()
    one.update(x[:20], real=True)
    one.update(y[:30], real=False)
    other.update(y[30:], real=False)
    other.update(x[20:], real=True)
    one.merge_state(other)
    figures, whole = one.compute(), kernel_distance(x, y)
    assert float(figures["kid"]) == pytest.approx(whole.value, rel=1e-12)
    assert float(figures["kid_se"]) == pytest.approx(whole.stderr, rel=1e-10)


def test_refuses_what_it_cannot_compare() -> None:
    with pytest.raises(BenchError, match="y: 1 examples; expected at least 2"):
        kernel_distance(torch.zeros(4, 2), torch.zeros(1, 2))
    with pytest.raises(BenchError, match="y: dimension 3; expected 2, as x has it"):
        kernel_distance(torch.zeros(4, 2), torch.zeros(4, 3))
    with pytest.raises(BenchError, match="x: 8 of 8 values are NaN"):
        kernel_distance(torch.full((4, 2), float("nan")), torch.zeros(4, 2))
    metric = KernelDistance()
    metric.update(torch.zeros(4, 2), real=True)
    with pytest.raises(BenchError, match="no generated features; expected some: update the metric with real=False"):
        metric.compute()


def exactly(x: Tensor, y: Tensor) -> float:
    """The definition in fractions."""
    p, q = ([[Fraction(v) for v in row] for row in side.tolist()] for side in (x, y))

    def k(a: list[Fraction], b: list[Fraction]) -> Fraction:
        return (sum((s * t for s, t in zip(a, b, strict=True)), Fraction(0)) / len(a) + 1) ** 3

    def inner(points: list[list[Fraction]]) -> Fraction:
        pairs = [k(a, b) for i, a in enumerate(points) for j, b in enumerate(points) if i != j]
        return sum(pairs, Fraction(0)) / len(pairs)

    cross = [k(a, b) for a in p for b in q]
    return float(inner(p) + inner(q) - 2 * sum(cross, Fraction(0)) / len(cross))


@settings(max_examples=60, deadline=None)
@given(
    d=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    exponent=st.integers(-20, 40),
    offset=st.sampled_from([0.0, 1.0, 30.0, 1e3, 1e6, 1e9]),
    shift=st.sampled_from([0.0, 0.5]),
)
def test_digits_are_kept_wherever_features_lie(d: int, seed: int, exponent: int, offset: float, shift: float) -> None:
    """To 1e-9 of the scatter, from features that are small beside the 1 of the kernel to those whose cubes overflow."""
    x, y = ((normal(9, d, seed + i, i * shift) + offset) * 10.0**exponent for i in (0, 1))
    found, exact = kernel_distance(x, y), exactly(x, y)
    assert found.value == pytest.approx(exact, rel=1e-9, abs=1e-9 * found.stderr)


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_the_standard_error_holds_far_from_the_origin(offset: float) -> None:
    """On a line the kernel there is 9c⁴uw, up to what vanishes, of which the delta method gives the standard error.

    The second order of the variance, 2 (1/n + 1/m)² beside 4 · .4² (1/n + 1/m), adds about one hundredth to it.
    """
    x, y = normal(400, 1, 0), normal(300, 1, 1, 0.4)
    gap = float(x.mean() - y.mean())
    linear = 2 * abs(gap) * math.sqrt(float(x.var()) / len(x) + float(y.var()) / len(y))
    found = kernel_distance(x + offset, y + offset).stderr
    assert found / (9 * offset**4) == pytest.approx(linear, rel=0.03)


def test_the_form_of_the_kernel_makes_no_difference() -> None:
    x, y = normal(50, 3, 0), normal(40, 3, 1, 0.5)
    centred = CentredKernel(x.mean(0), float(x.mean(0).square().mean()) + 1)
    plain = estimate_discrepancy(x, compare_within(x, PlainKernel(1.0)), y)
    other = estimate_discrepancy(x, compare_within(x, centred), y)
    assert other.value == pytest.approx(plain.value, rel=1e-12)
    assert other.stderr == pytest.approx(plain.stderr, rel=1e-4)  # its estimate is invariant up to 1/n of its own error


@pytest.mark.parametrize("size", [1e52, 1e150, 1e308])
def test_what_float64_cannot_hold_is_refused(size: float) -> None:
    with pytest.raises(BenchError, match="kernel distance: more than float64 holds for features as large as these"):
        kernel_distance(size * normal(20, 3, 0).clamp(-1, 1), size * normal(20, 3, 1).clamp(-1, 1))


def test_batches_of_different_dimensions_are_refused() -> None:
    metric = KernelDistance()
    metric.update(torch.zeros(4, 2), real=True)
    with pytest.raises(BenchError, match="features: dimension 3; expected 2, as batches before had it"):
        metric.update(torch.zeros(4, 3), real=True)
