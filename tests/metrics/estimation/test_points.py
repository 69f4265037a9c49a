"""Both samples in one frame: no digit is lost, no distance bent, wherever the data lies."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bench import estimate_divergences
from bench.metrics.estimation.points import Scaling, fit_frame

DRAWS = torch.Generator().manual_seed(0)
P = torch.randn(400, 2, generator=DRAWS, dtype=torch.float64)
Q = torch.randn(500, 2, generator=DRAWS, dtype=torch.float64) * 1.2 + torch.tensor([1.0, 0.0], dtype=torch.float64)
SCALINGS: tuple[Scaling, ...] = ("columns", "common")


def placed(p: Tensor, q: Tensor, scaling: Scaling) -> tuple[Tensor, Tensor]:
    frame = fit_frame(p, q, scaling)
    return frame.place(p), frame.place(q)


@settings(max_examples=40)
@given(
    exponents=st.tuples(st.integers(-280, 280), st.integers(-280, 280)),
    offsets=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
)
def test_columns_have_the_same_place_wherever_they_lie(
    exponents: tuple[int, int], offsets: tuple[float, float]
) -> None:
    """Offsets of a million standard deviations leave ten digits of float64: as good as float32 in the end."""
    unit = torch.tensor([10.0**e for e in exponents], dtype=torch.float64)
    move = torch.tensor(offsets, dtype=torch.float64) * unit
    for moved, still in zip(placed(P * unit + move, Q * unit + move, "columns"), placed(P, Q, "columns"), strict=True):
        torch.testing.assert_close(moved, still, rtol=1e-6, atol=1e-8)


@settings(max_examples=40)
@given(exponent=st.integers(-300, 300), offset=st.floats(-1e6, 1e6), narrow=st.floats(1e-8, 1))
def test_a_common_scale_keeps_ratios_of_distances(exponent: int, offset: float, narrow: float) -> None:
    width = torch.tensor([1.0, narrow], dtype=torch.float64)
    p, q = P[:150] * width, Q[:150] * width
    u_p, u_q = (u[:40].double() for u in placed((p + offset) * 10.0**exponent, (q + offset) * 10.0**exponent, "common"))
    before, after = (p[:40, None] - q[:40]).norm(dim=-1), (u_p[:, None] - u_q).norm(dim=-1)
    torch.testing.assert_close(after * before.max() / after.max(), before, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("unit", [1e308, 1e39, 1e-46, 1e-310])
def test_extremes_neither_overflow_nor_vanish(scaling: Scaling, unit: float) -> None:
    shape = torch.tensor([[-1.0, 0.0], [1.0, 0.5], [0.25, -1.0]], dtype=torch.float64).repeat(50, 1)
    for side in placed(shape * unit, -shape * unit, scaling):
        assert bool(side.isfinite().all())
        assert len(side.unique(dim=0)) == 3


@pytest.mark.parametrize("scaling", SCALINGS)
def test_columns_far_apart_in_scale_all_stay(scaling: Scaling) -> None:
    width = torch.tensor([1e39, 1e-46], dtype=torch.float64)
    for side in placed(P * width, Q * width, scaling):
        assert len(side[:, 0].unique()) == len(side[:, 1].unique()) == len(side)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_constant_column_stays_one(scaling: Scaling) -> None:
    p, q = (torch.cat([side, torch.full((len(side), 1), 1e9)], 1) for side in (P, Q))
    for side, without in zip(placed(p, q, scaling), placed(P, Q, scaling), strict=True):
        torch.testing.assert_close(side[:, :2], without)
        assert not bool(side[:, 2].any())


@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_rare_value_decides_no_scale(scaling: Scaling) -> None:
    """One point of 500 outside an atom, and one at 1e30, as heavy tails have it."""
    p, q = torch.zeros(1500, 1, dtype=torch.float64), torch.zeros(1500, 1, dtype=torch.float64)
    p[7], q[11] = 1e-3, 1e30
    u_p, u_q = placed(p, q, scaling)
    assert 0 < float(u_p[7]) < float(u_q[11]) < math.inf
    assert float(u_q[11].square()) < math.inf


@pytest.mark.parametrize("scaling", SCALINGS)
def test_noise_is_in_the_users_units(scaling: Scaling) -> None:
    noise = torch.randn(P.shape, generator=torch.Generator().manual_seed(1))
    frame = fit_frame(P, Q, scaling, 0.5)
    torch.testing.assert_close(frame.place(P, noise, 0.5), frame.place(P + 0.5 * noise.double()))


def test_noise_widens_a_column_that_has_no_width() -> None:
    p = torch.zeros(200, 1)
    frame = fit_frame(p, p, "columns", 0.1)
    assert float(frame.scale) == pytest.approx(0.1)


CASES = [(1e6, 1e-2), (1e8, 1e-2), (0.0, 1e39), (0.0, 1e-46), (-1e300, 1e291)]


@pytest.fixture(scope="module")
def plain() -> tuple[float, float]:
    found = estimate_divergences(P, Q, "kl", seed=3)["kl"]
    assert found.stderr is not None
    return found.value, found.stderr


@pytest.mark.parametrize(("offset", "scale"), CASES)
def test_estimates_do_not_know_where_the_data_lies(plain: tuple[float, float], offset: float, scale: float) -> None:
    """Points come out the same to 1e-6 of a standard deviation, and training, where it amplifies that, to 1e-3."""
    found = estimate_divergences(offset + scale * P, offset + scale * Q, "kl", seed=3)["kl"]
    assert (found.value, found.stderr) == pytest.approx(plain, rel=1e-3)


def test_a_narrow_column_beside_a_wide_one_counts(plain: tuple[float, float]) -> None:
    width, move = torch.tensor([1e-4, 1.0]).double(), torch.tensor([1e4, 0.0]).double()
    found = estimate_divergences(P * width + move, Q * width + move, "kl", seed=3)["kl"]
    assert (found.value, found.stderr) == pytest.approx(plain, rel=1e-3)


@pytest.mark.parametrize(("offset", "scale"), [(1e6, 1e-2), (0.0, 1e39), (0.0, 1e-46)])
def test_neighbours_do_not_know_where_the_data_lies(offset: float, scale: float) -> None:
    here = estimate_divergences(P, Q, ["kl", "reverse_kl"], estimator="knn")
    there = estimate_divergences(offset + scale * P, offset + scale * Q, ["kl", "reverse_kl"], estimator="knn")
    for name, estimate in here.items():
        assert there[name].value == pytest.approx(estimate.value, rel=1e-5)


def test_neighbours_see_the_scales_of_columns() -> None:
    """Their estimate, unlike the divergence, depends on them: they are the user's to choose."""
    narrow = torch.tensor([1.0, 1e-3]).double()
    here, there = (
        estimate_divergences(p, q, "kl", estimator="knn")["kl"] for p, q in [(P, Q), (P * narrow, Q * narrow)]
    )
    assert abs(here.value - there.value) > 1e-3


def test_spread_does_not_depend_on_where_the_data_lies() -> None:
    here = estimate_divergences(P, Q, "kl", estimator="knn", spread=0.5)["kl"]
    there = estimate_divergences(1e7 + 1e-2 * P, 1e7 + 1e-2 * Q, "kl", estimator="knn", spread=5e-3)["kl"]
    assert there.value == pytest.approx(here.value, rel=1e-4)
