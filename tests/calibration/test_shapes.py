"""Shapes: equal laws at strength 0, further apart as it grows, and different only where they say so."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Distribution

from bench import exact_divergence
from bench.calibration import SHAPES

GAUSSIAN_AT_HEART = ("shifted", "scaled", "widened", "correlated", "missing_mode", "heavy_tails")
CUBES = ("sharp_edges", "partial_overlap")
GENERATED = ("unequal_modes", "dropped_mode", "thin_ridge", *CUBES, "spiky_pixels", "image_like")
SHIPPED = (*GAUSSIAN_AT_HEART, *GENERATED)
MEASURED_BY = {"kl": "kl", "renyi": "squared_hellinger"}


def log_ratio(laws: tuple[Distribution, Distribution], x: Tensor) -> Tensor:
    p, q = (law.log_prob(x) for law in laws)
    return p - q


def points(d: int, seed: int = 0) -> Tensor:
    return 3 * torch.randn(20, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_these_are_the_shipped_shapes() -> None:
    assert tuple(SHAPES) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_equal_laws_at_strength_0(name: str) -> None:
    p, q = SHAPES[name].build(3, 0.0)
    assert (p.event_shape, q.event_shape) == ((3,), (3,))
    inside = torch.rand(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert log_ratio((p, q), inside if name in CUBES else points(3)).abs().max() < 1e-12


@pytest.mark.parametrize("name", SHIPPED)
def test_the_size_grows_with_the_strength(name: str) -> None:
    shape = SHAPES[name]
    laws = [shape.build(shape.effective(2), strength) for strength in (0.01, 0.1, 1.0, 3.0)]
    values = [float(exact_divergence(MEASURED_BY[shape.measure], *each)) for each in laws]
    assert all(less < more for less, more in pairwise([0.0, *values]))


@given(
    st.sampled_from([name for name in SHIPPED if SHAPES[name].effective_dimensions and name not in CUBES]),
    st.integers(1, 12),
    st.floats(0.001, 5),
    st.integers(0, 10**6),
)
def test_laws_differ_in_their_effective_dimensions_alone(name: str, d: int, strength: float, seed: int) -> None:
    """Then log p/q at x is that of the leading coordinates, and all f-divergences are theirs."""
    shape, x = SHAPES[name], points(d, seed)
    leading = shape.effective(d)
    fewer = shape.build(leading, strength)
    expected = log_ratio(fewer, x[:, :leading].reshape(-1, *fewer[0].event_shape))
    found = shape.build(d, strength)
    torch.testing.assert_close(log_ratio(found, x.reshape(-1, *found[0].event_shape)), expected, rtol=1e-9, atol=1e-9)


def test_correlation_alone_distinguishes_correlated_laws() -> None:
    p, _ = SHAPES["correlated"].build(5, 0.7)
    torch.testing.assert_close(p.variance, torch.ones(5, dtype=torch.float64))
    covariance = p.covariance_matrix  # type: ignore[attr-defined]
    assert covariance[0, 1].item() == pytest.approx(torch.tanh(torch.tensor(0.7)).item())


def test_tails_are_heavy_in_every_coordinate() -> None:
    """Student t with 3 degrees of freedom: the density falls like |x|⁻⁴."""
    for place in range(3):
        far = torch.zeros(2, 3, dtype=torch.float64)
        far[:, place] = torch.tensor([1e4, 1e5])
        for law in SHAPES["heavy_tails"].build(3, 1.0):
            near, further = law.log_prob(far)
            assert float(near - further) == pytest.approx(4 * torch.tensor(10.0).log().item(), rel=1e-3)
