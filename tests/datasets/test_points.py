"""Ring and grid: modes and density in closed form, draws that follow them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.datasets import Dataset, Modes, load_dataset
from bench.datasets.gaussians import HELD_OUT

SMALL = 20  # examples, where only modes and density matter


def density_of(data: Dataset, x: np.ndarray) -> np.ndarray:
    assert data.density is not None
    return data.density.log_prob(torch.from_numpy(x)).exp().numpy()


def modes_of(data: Dataset) -> Modes:
    assert data.modes is not None
    return data.modes


def integral(data: Dataset) -> float:
    """∫ p over a box that leaves 8σ around every mode.

    Sums at a step h err by about 2·exp(−2π²σ²/h²) for a Gaussian: 1e-15 at h = 0.75σ.
    """
    modes = modes_of(data)
    reach, step = modes.centres.abs().max().item() + 8 * modes.scale.max().item(), 0.75 * modes.scale.min().item()
    line = np.arange(-reach, reach + step, step)
    points = np.stack(np.meshgrid(line, line), axis=-1)
    return float(density_of(data, points).sum() * step**2)


@given(modes=st.integers(1, 12), radius=st.floats(0.1, 3), ratio=st.floats(0.01, 1))
@settings(deadline=None, max_examples=15)
def test_ring_density_integrates_to_one(modes: int, radius: float, ratio: float) -> None:
    data = load_dataset("ring", modes=modes, radius=radius, scale=ratio * radius, size=SMALL)
    assert integral(data) == pytest.approx(1, abs=1e-9)


def test_grid_density_integrates_to_one() -> None:
    assert integral(load_dataset("grid", size=SMALL)) == pytest.approx(1, abs=1e-9)


def _mixture(data: Dataset, x: np.ndarray) -> np.ndarray:
    """The mixture density by SciPy."""
    modes = modes_of(data)
    parts = zip(modes.weights.tolist(), modes.centres.tolist(), modes.scale.tolist(), strict=True)
    return np.asarray(sum(w * stats.multivariate_normal(c, s**2).pdf(x) for w, c, s in parts))


@pytest.mark.parametrize("name", ["ring", "grid", "mixture"])
def test_density_agrees_with_scipy_at_the_data(name: str) -> None:
    data = load_dataset(name, size=SMALL)
    points = data.test[:500].double().numpy()
    np.testing.assert_allclose(density_of(data, points), _mixture(data, points), rtol=1e-3)  # float32 modes
    assert data.density is not None
    assert data.density.event_shape == data.shape


def test_ring_modes() -> None:
    modes = modes_of(load_dataset("ring", modes=8, radius=2.0, scale=0.1, size=SMALL))
    angles = torch.arange(8) * 2 * math.pi / 8
    torch.testing.assert_close(modes.centres, 2 * torch.stack([angles.cos(), angles.sin()], dim=1))
    torch.testing.assert_close(modes.scale, torch.full((8,), 0.1))
    torch.testing.assert_close(modes.weights, torch.full((8,), 1 / 8))


def test_grid_modes_are_the_published_ones() -> None:
    modes = modes_of(load_dataset("grid", size=SMALL))
    coordinates = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {(round(x, 6), round(y, 6)) for x, y in modes.centres.tolist()} == coordinates
    torch.testing.assert_close(modes.scale, torch.full((25,), 0.05))


@given(side=st.integers(1, 6), spacing=st.floats(0.5, 4))
@settings(deadline=None, max_examples=15)
def test_grid_is_centred_and_evenly_spaced(side: int, spacing: float) -> None:
    centres = modes_of(load_dataset("grid", side=side, spacing=spacing, size=SMALL)).centres.double()
    assert centres.shape == (side**2, 2)
    torch.testing.assert_close(centres.mean(0), torch.zeros(2, dtype=torch.float64), atol=1e-6, rtol=0)
    if side > 1:
        nearest = torch.cdist(centres, centres).fill_diagonal_(math.inf).min(dim=1).values
        torch.testing.assert_close(nearest, torch.full_like(nearest, spacing), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("name", "count"), [("ring", 8), ("grid", 25)])
def test_draws_follow_the_modes(name: str, count: int) -> None:
    """Fixed draws: the bounds are 4 binomial standard deviations, and the 1e-4 point of χ²."""
    data = load_dataset(name)
    modes = modes_of(data)
    for points in (data.train, data.validation, data.test):
        distance, nearest = torch.cdist(points, modes.centres).min(dim=1)
        expected, n = 1 - math.exp(-4.5), len(points)
        fraction = (distance <= 3 * modes.scale[nearest]).double().mean().item()
        assert abs(fraction - expected) < 4 * math.sqrt(expected * (1 - expected) / n)
        assert stats.chisquare(torch.bincount(nearest, minlength=count).numpy()).pvalue > 1e-4
        offsets = ((points - modes.centres[nearest]) / modes.scale[nearest, None]).double()
        assert stats.kstest(offsets.flatten().numpy(), "norm").pvalue > 1e-4


@pytest.mark.parametrize("name", ["ring", "grid", "mixture"])
def test_sizes_and_disjoint_splits(name: str) -> None:
    data = load_dataset(name)
    assert [len(data.train), len(data.validation), len(data.test)] == [100_000, HELD_OUT, HELD_OUT]
    assert {split.dtype for split in (data.train, data.validation, data.test)} == {torch.float32}
    if name == "mixture":  # float32 holds too few numbers on a line for 120,000 draws to be distinct
        assert not torch.equal(data.validation, data.test)
        return
    splits = [{tuple(point) for point in split.tolist()} for split in (data.train, data.validation, data.test)]
    assert sum(map(len, splits)) - len(set.union(*splits)) <= 2  # chance coincidences in float32


def test_held_out_data_does_not_depend_on_the_training_size() -> None:
    small, large = load_dataset("ring", size=100), load_dataset("ring", size=1000)
    assert len(small.train) == 100
    assert torch.equal(small.test, large.test)
    assert torch.equal(small.validation, large.validation)
    assert small.fingerprint != large.fingerprint


def test_drawing_leaves_global_generators_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    load_dataset("ring", size=77)
    assert torch.equal(before, torch.get_rng_state())
