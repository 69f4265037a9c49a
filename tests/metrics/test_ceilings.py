"""Ceilings of estimates: what perfectly separated samples give, and how much of it is reached."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.divergences import DIVERGENCES, divergence
from bench.metrics.ceilings import compute_ceiling, measure_reach
from bench.metrics.estimation.heldout import heldout_bound
from bench.metrics.estimation.ratio import LogRatios

FOLDS, EACH = 5, 200


@pytest.mark.parametrize("name", [*DIVERGENCES, "alpha(0.3)", "alpha(-2)"])
def test_separated_samples_are_at_the_ceiling(name: str) -> None:
    """Critics that are sure of every held-out point, n = 1,000."""
    d, n = divergence(name), FOLDS * EACH
    sure = torch.full((FOLDS, EACH), 100.0, dtype=torch.float64)
    bound = heldout_bound(d, LogRatios(sure, -sure, sure.repeat(1, 4), -sure.repeat(1, 4)))
    assert compute_ceiling(d, n, n) == pytest.approx(bound.value, rel=1e-12)
    assert measure_reach(d, bound.value, bound.stderr, n, n) == 1.0


def test_known_ceilings() -> None:
    n = 10_000
    assert compute_ceiling(divergence("kl"), n, n) == pytest.approx(1 + math.log(n) - 1 / n)
    assert compute_ceiling(divergence("js"), n, n) == pytest.approx(2 * math.log(2) - 2 * math.log1p(1 / n))
    assert compute_ceiling(divergence("total_variation"), n, n) == 1.0
    assert compute_ceiling(divergence("pearson"), n, n) == pytest.approx(2 * math.sqrt(n) - 1 - 1 / n)


def test_each_side_has_its_own_size() -> None:
    assert compute_ceiling(divergence("kl"), 100, 1000) == pytest.approx(1 + math.log(1000) - 1 / 100)


@given(name=st.sampled_from(list(DIVERGENCES)), share=st.floats(0, 0.97), n=st.integers(100, 10**6))
def test_reach_is_the_share_of_the_ceiling(name: str, share: float, n: int) -> None:
    d = divergence(name)
    ceiling = compute_ceiling(d, n, n)
    value = d.lower + share * (ceiling - d.lower)
    assert measure_reach(d, value, 0.0, n, n) == pytest.approx(share, abs=1e-9)
    assert measure_reach(d, value, None, n, n) == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize(
    ("value", "stderr", "reach"),
    [
        (10.2, 0.0, 1.0),
        (10.02, 0.0, 1.0),  # within 2 %
        (10.0, 0.0, 10.0 / (1 + math.log(10_000) - 1e-4)),
        (9.0, 0.45, 1.0),  # within three standard errors
        (9.0, 0.35, 9.0 / (1 + math.log(10_000) - 1e-4)),
        (-0.01, 0.02, 0.0),
        (25.0, 0.5, 1.0),
    ],
)
def test_what_is_within_its_error_of_the_ceiling_is_at_it(value: float, stderr: float, reach: float) -> None:
    assert measure_reach(divergence("kl"), value, stderr, 10_000, 10_000) == pytest.approx(reach)
