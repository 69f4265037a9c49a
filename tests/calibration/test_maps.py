"""Maps and bijections: inverses, Jacobians, and divergences that stay."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from torch import Tensor
from torch.distributions import Normal

from bench import exact_divergence
from bench.calibration import BIJECTIONS, register_bijection
from bench.calibration.maps import ASINH, EXP, HALF_CUBE, IDENTITY, NORMAL_CDF, Map, draw_triangular, roll_up, unroll
from tests.registries import restored

MARGINAL = {"normal_cdf": NORMAL_CDF, "half_cube": HALF_CUBE, "asinh": ASINH, "exp": EXP}
DIMENSIONS = st.integers(2, 8)
SEED = st.integers(0, 10**6)


def stream(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points(d: int, seed: int, n: int = 200) -> Tensor:
    return 1.5 * torch.randn(n, d, dtype=torch.float64, generator=stream(seed))


@given(st.sampled_from(list(BIJECTIONS)), DIMENSIONS, SEED)
def test_every_bijection_has_an_inverse(name: str, d: int, seed: int) -> None:
    """Points come back to nine digits: the normal CDF loses seven of sixteen at six standard deviations."""
    bijection, x = BIJECTIONS[name].build(d, stream(seed)), points(d, seed + 1)
    y = bijection(x)
    assert y.shape == (200, d + 1 if name == "swiss_roll" else d)
    assert y.isfinite().all()
    torch.testing.assert_close(bijection.inverse(y), x, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(bijection(x), y, rtol=0, atol=0)


@given(st.sampled_from([name for name in BIJECTIONS if name != "swiss_roll"]), DIMENSIONS, SEED)
def test_no_jacobian_vanishes_or_changes_its_sign(name: str, d: int, seed: int) -> None:
    bijection = BIJECTIONS[name].build(d, stream(seed))
    signs = set()
    for x in points(d, seed + 1, n=6):
        jacobian = torch.func.jacrev(lambda v: bijection(v[None])[0])(x)
        sign, log_size = torch.linalg.slogdet(jacobian)
        assert math.isfinite(float(log_size))
        signs.add(float(sign))
    assert len(signs) == 1


@given(DIMENSIONS, SEED)
def test_triangular_maps_are_triangular_and_increasing(d: int, seed: int) -> None:
    bijection = draw_triangular(d, stream(seed))
    for x in points(d, seed + 1, n=4):
        jacobian = torch.func.jacrev(lambda v: bijection(v[None])[0])(x)
        assert float(jacobian.triu(1).abs().max()) == 0
        slopes = jacobian.diagonal()
        # slopes of the pieces lie within [1/3, 3], the factor within e^±½
        assert bool(((slopes > math.exp(-0.5) / 3.001) & (slopes < math.exp(0.5) * 3.001)).all())


def test_monotone_pieces_join() -> None:
    """On a fine grid no step is larger than the steepest slope allows."""
    bijection = draw_triangular(2, stream(3))
    t = torch.linspace(-4, 4, 8001, dtype=torch.float64)
    first = bijection(torch.stack([t, t], 1))[:, 0]
    steps = first.diff()
    assert float(steps.min()) > 0
    assert float(steps.max()) < 0.001 * 3 * math.exp(0.5) * 1.001


@pytest.mark.parametrize("name", MARGINAL)
@pytest.mark.parametrize("divergence", ["kl", "js", "squared_hellinger"])
def test_divergences_do_not_change_by_a_change_of_variables(name: str, divergence: str) -> None:
    """Densities of the images, by inverse and autograd, integrated by quadpack, against the laws before the map."""
    p, q = (Normal(torch.tensor(m, dtype=torch.float64), torch.tensor(s, dtype=torch.float64))
            for m, s in ((0.4, 0.8), (0.0, 1.0)))  # fmt: skip
    bijection = MARGINAL[name]

    def densities(y: float) -> tuple[float, float]:
        at = torch.tensor(y, dtype=torch.float64, requires_grad=True)
        x = bijection.inverse(at)
        (slope,) = torch.autograd.grad(x, at)
        return tuple(float(law.log_prob(x.detach()).exp() * slope.abs()) for law in (p, q))  # type: ignore[return-value]

    def integrand(y: float) -> float:
        a, b = densities(y)
        if not (a > 0 and b > 0 and math.isfinite(a) and math.isfinite(b)):
            return 0.0
        if divergence == "kl":
            return a * math.log(a / b)
        if divergence == "js":
            return a * math.log(2 * a / (a + b)) + b * math.log(2 * b / (a + b))
        return (math.sqrt(a) - math.sqrt(b)) ** 2

    # cut at images of −7 … 7, so that no peak is missed; half_cube's densities have one at 0
    ends = [float(v) for v in bijection(torch.linspace(-7, 7, 15, dtype=torch.float64))]
    value = sum(quad(integrand, low, high, limit=200)[0] for low, high in pairwise(ends))
    assert value == pytest.approx(float(exact_divergence(divergence, p, q)), abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20, unique=True))
def test_the_swiss_roll_does_not_meet_itself(values: list[float]) -> None:
    u = torch.tensor(values, dtype=torch.float64)
    torch.testing.assert_close(unroll(roll_up(u)), u, rtol=0, atol=1e-12)


def test_maps_follow_each_other() -> None:
    both = EXP.then(Map(lambda x: 2 * x, lambda y: y / 2))
    x = points(2, 0)
    torch.testing.assert_close(both(x), 2 * x.exp())
    torch.testing.assert_close(both.inverse(both(x)), x)


def test_a_bijection_can_be_added() -> None:
    with restored():

        @register_bijection("mirror", least_dimensions=2)
        def mirror(d: int, generator: torch.Generator) -> Map:
            """Back to front.

            And more.
            """
            return IDENTITY

        assert (BIJECTIONS["mirror"].least_dimensions, BIJECTIONS["mirror"].about) == (2, "Back to front.")
