"""What networks are given: widths as declared, bounded directions, and elliptical ratios as smooth functions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.metrics.estimation.ratio.features import Features, PlainFeatures, PolarFeatures, draw_waves

GENERATOR = torch.Generator().manual_seed(0)
ALL = [PlainFeatures(3), PolarFeatures(3), draw_waves(3, 5, GENERATOR)]


@pytest.mark.parametrize("features", ALL, ids=lambda f: type(f).__name__)
def test_widths_are_those_declared(features: Features) -> None:
    x = torch.randn(2, 7, 3, generator=GENERATOR)
    assert features.inputs(x).shape == (2, 7, features.width)
    assert sum(term.shape[-1] for term in features.yield_linear(x, features.inputs(x))) == features.linear_width


@given(st.floats(-14, 14))
def test_polar_features_hold_every_size_of_point(exponent: float) -> None:
    """All but log ρ are within 1 in size, and log ρ is at most log(1e15) and a bit."""
    x = torch.randn(1, 20, 4, generator=torch.Generator().manual_seed(1)) * 10**exponent
    made = PolarFeatures(4).inputs(x)
    assert bool(made.isfinite().all())
    assert float(made.abs().max()) < 40
    assert float(made[..., [0, 1, 2, 3, 4, 5, 6, 7, 9]].abs().max()) <= 1 + 1e-6


def test_a_quadratic_form_is_linear_in_squares_of_direction() -> None:
    """1 + Σ aᵢ xᵢ² = ρ² (1/ρ² + Σ aᵢ uᵢ²), which ratios of Student's t laws are made of."""
    x = torch.randn(1, 50, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    a = torch.tensor([0.5, 0.0, 2.0, 1.0], dtype=torch.float64)
    made = PolarFeatures(4).inputs(x)
    square, log_radius, inverse = made[..., 4:8], made[..., 8], made[..., 9]
    assert torch.allclose(1 + x.square() @ a, (2 * log_radius).exp() * (inverse + square @ a))
