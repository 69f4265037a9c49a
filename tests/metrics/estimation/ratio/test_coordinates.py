"""Coordinates of critics: monotone, fitted to their own points, and the same whichever sample is which."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from bench.metrics.estimation.ratio.coordinates import (
    ScaledPoints,
    compute_heavy_quantile,
    compute_normal_quantile,
    map_marginals,
)
from bench.metrics.estimation.ratio.design import Design, halve, make_design

KINDS = ["robust", "nearly_linear", "linear", "normal", "heavy"]


def design(x: Tensor, y: Tensor) -> Design:
    return make_design(x, y, torch.Generator().manual_seed(0))


def draw(n: int = 400, d: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    x, y = torch.randn(2, n, d, generator=torch.Generator().manual_seed(seed))
    return x, 2 * y + 1


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 2**31))
@settings(max_examples=10)
def test_every_coordinate_is_monotone(kind: str, seed: int) -> None:
    made = design(*draw(seed=seed))
    rows = torch.arange(400).expand(made.pairs.critics, -1)
    seen = getattr(made, kind)[0].take(rows)
    for j in range(3):
        steps = seen[:, made.p[:, j].argsort(), j].diff()
        assert (steps >= -1e-6).all()  # rounding where two knots meet


@pytest.mark.parametrize("kind", KINDS)
def test_points_left_out_have_no_part_in_them(kind: str) -> None:
    """Let what critic 0 leaves out be far away: what it sees of its own points stays as it is."""
    made = design(*draw())
    moved = made.p.clone()
    moved[made.rows_p.left_out[0].flatten()] += 1e3
    other = dataclasses.replace(made, p=moved)
    rows = made.rows_p.fitted
    assert torch.equal(getattr(made, kind)[0].take(rows)[0], getattr(other, kind)[0].take(rows)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_they_do_not_tell_the_samples_apart(kind: str) -> None:
    made = design(*draw())
    swapped = Design(made.q, made.p, made.pairs, made.rows_q, made.rows_p)
    rows = made.rows_p.fitted
    assert torch.allclose(getattr(made, kind)[0].take(rows), getattr(swapped, kind)[1].take(rows), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "points", [torch.ones(200, 2), torch.ones(200, 2) * 1e30, torch.arange(400.0).reshape(200, 2) % 2]
)
def test_coordinates_of_constants_and_of_few_values_are_finite(kind: str, points: Tensor) -> None:
    made = design(points, points)
    seen = getattr(made, kind)[0].take(made.rows_p.fitted)
    assert bool(seen.isfinite().all())


@given(st.floats(1e-6, 1 - 1e-6))
def test_quantiles_are_those_of_scipy(probability: float) -> None:
    at = torch.tensor(probability, dtype=torch.float64)
    assert float(compute_normal_quantile(at)) == pytest.approx(stats.norm.ppf(probability), rel=1e-9, abs=1e-12)
    assert float(compute_heavy_quantile(at)) == pytest.approx(stats.t(2).ppf(probability), rel=1e-6, abs=1e-9)


def test_marginals_of_both_samples_together_become_normal() -> None:
    """A thousand knots place a distribution function of 12,000 points within 1/1,000 of itself."""
    x, y = draw(10_000)
    made = design(x.exp(), y.exp())
    together = torch.cat(
        [side.take(rows.fitted)[0] for side, rows in zip(made.normal, (made.rows_p, made.rows_q), strict=True)]
    )
    for j in range(3):
        assert stats.kstest(together[:, j].numpy(), "norm").statistic < 2e-3


def test_scores_are_the_same_after_a_monotone_map() -> None:
    x, y = draw()
    rows = torch.arange(300).expand(2, -1)
    plain = map_marginals(x, y, rows, rows, [compute_normal_quantile])[0][0].take(rows)
    mapped = map_marginals(x.exp(), y.exp(), rows, rows, [compute_normal_quantile])[0][0].take(rows)
    assert torch.allclose(plain, mapped, atol=1e-6)


def test_tails_grow_like_a_logarithm() -> None:
    made = design(*draw())
    far = ScaledPoints(torch.tensor([[1e6, 0.0, 0.0]]), made.scale, 4.0)
    seen = far.take(torch.zeros(made.pairs.critics, 1, dtype=torch.int64))
    assert float(seen.max()) < 4 + 15


def test_half_a_design_judges_the_same_points_by_fewer_critics_and_fewer_points() -> None:
    made = design(*draw())
    half = halve(made)
    assert torch.equal(half.p, made.p)
    assert half.rows_p.fitted.shape == (5, made.rows_p.fitted.shape[1] // 2)
    assert half.rows_p.left_out[..., 0].tolist() == [[int(a) * 80, int(b) * 80] for a, b in half.pairs.left_out]
    for critic in range(5):
        fitted, left_out = half.rows_p.fitted[critic], half.rows_p.left_out[critic].flatten()
        assert not set(fitted.tolist()) & set(left_out.tolist())
