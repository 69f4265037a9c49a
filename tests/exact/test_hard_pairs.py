"""Pairs at which quadrature goes wrong unless ends, kinks, singularities and normalisation are taken care of."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import (
    AffineTransform,
    Beta,
    Categorical,
    Distribution,
    Exponential,
    ExpTransform,
    Gamma,
    GeneralizedPareto,
    Independent,
    InverseGamma,
    Laplace,
    LogNormal,
    MixtureSameFamily,
    Normal,
    StudentT,
    TransformedDistribution,
    Uniform,
    VonMises,
    constraints,
    kl_divergence,
)
from torch.distributions.transforms import PowerTransform, SigmoidTransform, TanhTransform

from bench import BenchError, exact_divergence
from bench.divergences import divergence
from bench.exact.quadrature import integrate
from tests.exact.laws import mixture, normal, product, tensor

LAPLACES = Laplace(*tensor(0.0, 0.3019423347728776)), Laplace(*tensor(0.8719757028853922, 0.40891158098722385))
MISES = VonMises(*tensor(0.0, 2.0)), VonMises(*tensor(0.5, 1.0))
HALF_CIRCLE = math.pi


def moved(base: Distribution, loc: float, scale: float) -> TransformedDistribution:
    return TransformedDistribution(base, AffineTransform(*tensor(loc, scale)))


def log_uniform(low: float, high: float) -> TransformedDistribution:
    return TransformedDistribution(Uniform(*tensor(math.log(low), math.log(high))), ExpTransform())


@pytest.mark.parametrize(
    ("name", "p", "q", "truth"),
    [
        ("js", *MISES, 0.105217),
        ("kl", *MISES, 0.195115),
        ("total_variation", *MISES, 0.266200),
        ("kl", MISES[0], Uniform(*tensor(-HALF_CIRCLE, HALF_CIRCLE)), 0.571556),
        ("kl", InverseGamma(*tensor(3.0, 1.0)), LogNormal(*tensor(0.0, 1.0)), 0.617377),
        ("js", InverseGamma(*tensor(3.0, 1.0)), LogNormal(*tensor(0.0, 1.0)), 0.319767),
        ("kl", moved(Beta(*tensor(5.0, 5.0)), 1.0, 1.0), Uniform(*tensor(1.0, 2.0)), 0.480640),
        ("kl", moved(Exponential(*tensor(1.0)), -1.0, 1.0), normal(0.0, 1.0), 0.418939),
    ],
)
def test_values_known_to_six_digits(name: str, p: Distribution, q: Distribution, truth: float) -> None:
    assert exact_divergence(name, p, q) == pytest.approx(truth, abs=6e-7)


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        (*LAPLACES, float(kl_divergence(*LAPLACES))),
        (Beta(*tensor(0.5, 0.5)), Uniform(*tensor(0.0, 1.0)), math.log(4 / math.pi)),
        (Uniform(*tensor(0.0, 1.0)), Beta(*tensor(0.5, 0.5)), math.log(math.pi) - 1),
        (moved(Uniform(*tensor(0.0, 1.0)), 2.0, 3.0), Uniform(*tensor(0.0, 10.0)), math.log(10 / 3)),
        (moved(Uniform(*tensor(0.0, 1.0)), 5.0, -3.0), Uniform(*tensor(0.0, 10.0)), math.log(10 / 3)),
        (log_uniform(1.0, 3.0), log_uniform(1.0, 9.0), math.log(2)),
        # E log(1/(x log 3)) + log 2, E log x = ½ log 3
        (log_uniform(1.0, 3.0), Uniform(*tensor(1.0, 3.0)), math.log(2) - math.log(math.log(3)) - 0.5 * math.log(3)),
        (moved(Gamma(*tensor(0.05, 1.0)), 7.0, 0.3), moved(Gamma(*tensor(0.1, 1.0)), 7.0, 0.3), None),
    ],
)
def test_values_known_in_closed_form(p: Distribution, q: Distribution, truth: float | None) -> None:
    expected = float(kl_divergence(Gamma(*tensor(0.05, 1.0)), Gamma(*tensor(0.1, 1.0)))) if truth is None else truth
    value = integrate(divergence("kl"), p, q)
    assert value == pytest.approx(expected, rel=1e-12)
    assert value.error is not None
    assert value.error <= 1e-10 * expected


def test_the_other_laws_kink_is_a_cut() -> None:
    """In the plane, too: js of two products, by quadrature on a line through its dual."""
    p, q = (product(Laplace, [float(law.loc)] * 2, [float(law.scale)] * 2) for law in LAPLACES)
    one = [exact_divergence("alpha(0.4)", *pair) for pair in (LAPLACES, LAPLACES)]
    plane = integrate(divergence("alpha(0.4)"), p, q)
    integral = (1 + 0.4 * -0.6 * one[0]) ** 2
    assert plane == pytest.approx((integral - 1) / (0.4 * -0.6), rel=1e-8)
    assert plane.error is not None
    assert abs(plane - (integral - 1) / (0.4 * -0.6)) <= plane.error


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("concentration", [0.5, 0.0, -0.5])
def test_generalised_pareto_in_any_type(dtype: torch.dtype, concentration: float) -> None:
    """Two scales in the ratio 2: E log(1 + c z) by another substitution; for c = 0 of Exponential."""
    p, q = (
        GeneralizedPareto(*(torch.tensor(value, dtype=dtype) for value in (0.0, scale, concentration)))
        for scale in (1.0, 2.0)
    )
    c = concentration
    u = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000  # midpoints of probabilities of p
    z = -u.log() if c == 0 else torch.expm1(-c * u.log()) / c
    if c == 0:
        ratio = math.log(2) - z + z / 2
    else:
        ratio = math.log(2) - (1 + 1 / c) * (torch.log1p(c * z) - torch.log1p(c * z / 2))
    assert exact_divergence("kl", p, q) == pytest.approx(float(ratio.mean()), abs=2e-5)
    joint = [
        Independent(type(law)(law.loc.expand(3), law.scale.expand(3), law.concentration.expand(3)), 1) for law in (p, q)
    ]
    assert exact_divergence("kl", *joint) == pytest.approx(3 * exact_divergence("kl", p, q), rel=1e-12)
    assert 0 < exact_divergence("js", *joint, samples=2000) < 2 * math.log(2)


@pytest.mark.parametrize("transform", [ExpTransform(), SigmoidTransform(), TanhTransform(), AffineTransform(3.0, -2.0)])
def test_a_common_bijection_changes_nothing(transform: torch.distributions.Transform) -> None:
    plain = normal(0.0, 1.0), Laplace(*tensor(0.5, 1.0))
    through = [TransformedDistribution(law, transform) for law in plain]
    for name in ("kl", "js", "total_variation"):
        expected = exact_divergence(name, *plain)
        assert exact_divergence(name, *through) == pytest.approx(expected, rel=1e-9)
        assert integrate(divergence(name), *through) == pytest.approx(expected, rel=1e-8)


def test_powers_and_chains_of_transforms() -> None:
    """x² of an Exponential is a Weibull law of shape ½, and exp of it has its ends at 1 and ∞."""
    weibull = torch.distributions.Weibull(*tensor(1.0, 0.5))
    squared = TransformedDistribution(Exponential(*tensor(1.0)), PowerTransform(tensor(2.0)[0]))
    other = Gamma(*tensor(0.4, 0.3))
    expected = integrate(divergence("js"), weibull, other)
    assert integrate(divergence("js"), squared, other) == pytest.approx(expected, rel=1e-11)
    up = [TransformedDistribution(law, [AffineTransform(1.0, 0.5), ExpTransform()]) for law in (squared, other)]
    assert integrate(divergence("js"), up[0], up[1]) == pytest.approx(expected, rel=1e-10)


def test_tails_and_ends_further_than_float64_reaches() -> None:
    """Mass below e^−745 of Gamma(.001), and above e^709 of Student's law of .01 degrees."""
    gammas = Gamma(*tensor(0.001, 1.0)), Gamma(*tensor(0.002, 1.0))
    assert integrate(divergence("kl"), *gammas) == pytest.approx(exact_divergence("kl", *gammas), rel=1e-10)
    wide = StudentT(*tensor(0.01, 0.0, 1.0)), StudentT(*tensor(0.01, 0.0, 3.0))
    forward, backward = (exact_divergence(name, *pair) for name, pair in (("kl", wide), ("reverse_kl", wide[::-1])))
    assert forward == pytest.approx(backward, rel=1e-12)
    assert exact_divergence("js", *wide) < 2 * math.log(2)


@pytest.mark.parametrize("width", [1e-3, 1e-9])
def test_far_from_zero(width: float) -> None:
    """Two narrow mixtures at a million differ as the same at 0."""
    at, step = 1e6, 2.0**-20
    near = mixture([0.5, 0.5], [0.0, step], [width, width]), mixture([0.2, 0.8], [0.0, step], [width, 2 * width])
    far = mixture([0.5, 0.5], [at, at + step], [width, width]), mixture([0.2, 0.8], [at, at + step], [width, 2 * width])
    for name in ("kl", "total_variation"):
        assert exact_divergence(name, *far) == pytest.approx(exact_divergence(name, *near), rel=1e-9)


class Wrong(Laplace):
    """A law whose log_prob is off by a constant."""

    off = 0.1

    def log_prob(self, value: Tensor) -> Tensor:
        return super().log_prob(value) + self.off


class Infinite(Laplace):
    """A law whose log_prob overflows far out."""

    def log_prob(self, value: Tensor) -> Tensor:
        return torch.where(value.abs() > 1e3, torch.inf, super().log_prob(value))


class Narrow(Laplace):
    """A law whose log_prob fails where its support allows a point."""

    def log_prob(self, value: Tensor) -> Tensor:
        if bool((value.abs() > 1e3).any()):
            raise ValueError("too far out")
        return super().log_prob(value)


class Silent(Distribution):
    """A law without log_prob."""

    arg_constraints = {}  # noqa: RUF012
    support = constraints.real

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
        return torch.zeros(sample_shape)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (Wrong(*tensor(0.0, 1.0)), "density of p integrates to 1.105"),
        (Infinite(*tensor(0.0, 1.0)), "log density of p at .* is inf"),
        (Narrow(*tensor(0.0, 1.0)), "fails inside the support that it declares: too far out"),
        (Silent(validate_args=False), "has no log density"),
    ],
)
@pytest.mark.parametrize("name", ["kl", "js", "pearson"])
def test_laws_that_are_none_are_refused(name: str, law: Distribution, message: str) -> None:
    """Also where the value would be infinite: pearson of Laplace from Normal."""
    with pytest.raises(BenchError, match=message):
        exact_divergence(name, law, normal(0.0, 0.5))


def test_many_modes() -> None:
    """Equal kernels on a fine grid are nearly a uniform law convolved with one."""
    at = torch.linspace(-1, 1, 301, dtype=torch.float64)
    p = MixtureSameFamily(Categorical(torch.ones(301, dtype=torch.float64)), Normal(at, torch.full_like(at, 0.05)))
    coarse = MixtureSameFamily(
        Categorical(torch.ones(151, dtype=torch.float64)), Normal(at[::2], torch.full_like(at[::2], 0.05))
    )
    value = exact_divergence("js", p, coarse)
    assert 0 < value < 1e-3
    assert value.error is not None
    assert value.error < 1e-9 * value
