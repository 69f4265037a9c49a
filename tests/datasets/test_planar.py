"""Sets of points in the plane: exact densities, draws that follow them, fingerprints that never move."""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor
from torch.distributions import Distribution, MultivariateNormal

from bench import BenchError, exact_divergence
from bench.datasets import Dataset, ParameterError, check_parameters, load_dataset
from bench.datasets.gaussians import HELD_OUT

FINGERPRINTS = {
    "banana": "368825a03e101f091f4ea9613d989b12ac9108934afaa8ddf9df53564f2c55cb",
    "cosine": "f96fb4a109fe2c0fde0f72064afa2238c2583b1ceae71e41d46c06a69a1587bb",
    "square": "347c9a1fd6c95296fa5fe88612f1f71f5adab5ee34a3a26cbc395fe9c1ad5ef8",
    "funnel": "f2d86777ec51e38d73a9368aff25e33ba4faeb43f298f63b5dd537ceaced66dd",
    "annulus": "0b8485a19978cdef70b0fa08af75d72cd4f566235657659b63cdff6ae6e92ffb",
}
"""Of the published sets: 5,000 training points, default parameters. Run ids hang on them."""
SMALL = 20
Floats = NDArray[np.float64]


def density_of(data: Dataset) -> Distribution:
    assert data.density is not None
    return data.density


def nodes(low: float, high: float, count: int) -> tuple[Tensor, Tensor]:
    """Gauss–Legendre's nodes and weights between two ends."""
    at, weights = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(count))
    return low + (high - low) * (at + 1) / 2, weights * (high - low) / 2


def integrate_slices(law: Distribution, ends: list[float], second: Callable[[Tensor], tuple[Tensor, Tensor]]) -> float:
    """Over x between the ends, in pieces, and over y within nine standard deviations of its mean at every x."""
    total, (u, of_u) = 0.0, nodes(-9, 9, 100)
    for low, high in itertools.pairwise(ends):
        x, of_x = nodes(low, high, 200)
        mean, width = second(x)
        points = torch.stack([x[:, None].expand(-1, len(u)), mean[:, None] + width[:, None] * u], -1)
        total += float((of_x * width) @ law.log_prob(points).exp() @ of_u)
    return total


@given(b=st.floats(-1, 1), scale=st.floats(0.3, 3))
@settings(deadline=None, max_examples=15)
def test_banana_integrates_to_one(b: float, scale: float) -> None:
    law = density_of(load_dataset("banana", b=b, scale=scale, size=SMALL))
    found = integrate_slices(law, [-8 * scale, 8 * scale], lambda x: (b * (x**2 - scale**2), torch.ones_like(x)))
    assert found == pytest.approx(1, abs=1e-9)


@given(amplitude=st.floats(-5, 5), frequency=st.floats(-4, 4))
@settings(deadline=None, max_examples=15)
def test_cosine_integrates_to_one(amplitude: float, frequency: float) -> None:
    law = density_of(load_dataset("cosine", amplitude=amplitude, frequency=frequency, size=SMALL))
    found = integrate_slices(law, [-4, 4], lambda x: (amplitude * torch.cos(frequency * x), torch.ones_like(x)))
    assert found == pytest.approx(1, abs=1e-9)


@given(side=st.floats(0.1, 20))
@settings(deadline=None, max_examples=10)
def test_square_integrates_to_one(side: float) -> None:
    law = density_of(load_dataset("square", side=side, size=SMALL))
    at, weights = nodes(-side / 2, side / 2, 10)
    density = law.log_prob(torch.stack(torch.meshgrid(at, at, indexing="ij"), -1)).exp()
    assert float(weights @ density @ weights) == pytest.approx(1, abs=1e-12)


@given(scale=st.floats(0.3, 3), limit=st.floats(0.5, 20))
@settings(deadline=None, max_examples=15)
def test_funnel_integrates_to_one(scale: float, limit: float) -> None:
    law = density_of(load_dataset("funnel", scale=scale, limit=limit, size=SMALL))
    bend = min(max(-math.log(limit), -8 * scale), 8 * scale)  # Gauss's rule is exact on either side of it
    ends = [-8 * scale, bend, 8 * scale]
    found = integrate_slices(law, ends, lambda x: (torch.zeros_like(x), torch.exp(-x).clamp(max=limit).sqrt()))
    assert found == pytest.approx(1, abs=1e-9)


@given(radius=st.floats(0.5, 10), ratio=st.floats(0.02, 2))
@settings(deadline=None, max_examples=15)
def test_annulus_integrates_to_one(radius: float, ratio: float) -> None:
    """In polar coordinates, so that the density is 2πρ p(ρ) along one ray; also where radii would be negative."""
    law = density_of(load_dataset("annulus", radius=radius, scale=ratio * radius, size=SMALL))
    distance, weights = nodes(max(0.0, radius - 9 * ratio * radius), radius + 9 * ratio * radius, 200)
    ray = torch.tensor([math.cos(1), math.sin(1)], dtype=torch.float64)
    along = 2 * math.pi * distance * law.log_prob(distance[:, None] * ray).exp()
    assert float(weights @ along) == pytest.approx(1, abs=1e-9)


def test_densities_at_points_by_hand() -> None:
    """By SciPy's normal densities, at points where every parameter counts; parameters are no defaults."""
    points = torch.tensor([[1.5, -0.7], [-2.0, 1.0]], dtype=torch.float64)
    x, y = points.T.numpy()
    found = {
        name: density_of(load_dataset(name, **parameters, size=SMALL)).log_prob(points).exp().numpy()
        for name, parameters in {
            "banana": {"b": 0.4, "scale": 1.5},
            "cosine": {"amplitude": 2, "frequency": 1.2},
            "funnel": {"scale": 1.5, "limit": 3},
            "annulus": {"radius": 2, "scale": 0.5},
        }.items()
    }
    distance = np.hypot(x, y)
    ring = stats.norm(2, 0.5).pdf(distance) + stats.norm(2, 0.5).pdf(-distance)
    expected = {
        "banana": stats.norm(0, 1.5).pdf(x) * stats.norm(0.4 * (x**2 - 1.5**2), 1).pdf(y),
        "cosine": stats.norm(2 * np.cos(1.2 * x), 1).pdf(y) / 8,
        "funnel": stats.norm(0, 1.5).pdf(x) * stats.norm(0, np.sqrt(np.minimum(np.exp(-x), 3))).pdf(y),
        "annulus": ring / (2 * math.pi * distance),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, err_msg=name)


def split_points(name: str) -> list[Floats]:
    data = load_dataset(name, size=20_000)
    return [split.double().numpy() for split in (data.train, data.validation, data.test)]


def _second(mean: Callable[[Floats], Floats], width: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    return lambda points: (points[:, 1] - mean(points[:, 0])) / width(points[:, 0])


NORMAL, UNIFORM = stats.norm().cdf, stats.uniform().cdf
COORDINATES: dict[str, list[tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]]] = {
    "banana": [(lambda p: p[:, 0] / 2, NORMAL), (_second(lambda x: 0.2 * (x**2 - 4), np.ones_like), NORMAL)],
    "cosine": [(lambda p: (p[:, 0] + 4) / 8, UNIFORM), (_second(lambda x: 3 * np.cos(2 * x), np.ones_like), NORMAL)],
    "square": [(lambda p: (p[:, 0] + 3) / 6, UNIFORM), (lambda p: (p[:, 1] + 3) / 6, UNIFORM)],
    "funnel": [
        (lambda p: p[:, 0] / 2, NORMAL),
        (_second(np.zeros_like, lambda x: np.sqrt(np.minimum(np.exp(-x), 10))), NORMAL),
    ],
    "annulus": [
        (lambda p: (np.hypot(p[:, 0], p[:, 1]) - 5) / 0.2, NORMAL),
        (lambda p: np.arctan2(p[:, 1], p[:, 0]) / (2 * math.pi) + 0.5, UNIFORM),
    ],
}
"""Of each set two coordinates that are independent under its default, with their laws."""


@pytest.mark.parametrize("name", COORDINATES)
def test_draws_follow_the_law(name: str) -> None:
    """Fixed draws: the 1e-4 points of Kolmogorov and Smirnov's statistic, and 4 standard errors of a correlation."""
    for points in split_points(name):
        values = [coordinate(points) for coordinate, _ in COORDINATES[name]]
        for found, (_, law) in zip(values, COORDINATES[name], strict=True):
            assert stats.kstest(found, law).pvalue > 1e-4
        assert abs(stats.spearmanr(*values).statistic) < 4 / math.sqrt(len(points))


@pytest.mark.parametrize("name", COORDINATES)
def test_density_samples_what_it_scores(name: str) -> None:
    law = density_of(load_dataset(name, size=SMALL))
    torch.manual_seed(0)
    points = law.sample(torch.Size([20_000])).numpy()
    assert points.shape == (20_000, 2)
    for coordinate, cdf in COORDINATES[name]:
        assert stats.kstest(coordinate(points), cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_published_sets(name: str) -> None:
    data = load_dataset(name)
    assert data.fingerprint == FINGERPRINTS[name]
    assert [len(data.train), len(data.validation), len(data.test)] == [5_000, HELD_OUT, HELD_OUT]
    assert {split.dtype for split in (data.train, data.validation, data.test)} == {torch.float32}
    assert density_of(data).event_shape == data.shape == (2,)
    assert density_of(data).log_prob(data.test.double()).isfinite().all()
    larger = load_dataset(name, size=6_000)
    assert larger.test.equal(data.test)
    assert larger.validation.equal(data.validation)
    assert not data.train[:100].equal(data.test[:100])


def test_kernel_density_reaches_the_published_level() -> None:
    """Song & Ermon's log-likelihoods (stored notebook output, KL-WGAN) are those of fresh data, to two digits.

    So sets are the published ones: without its limit the funnel would have −4.07, a ring of eight modes −3.71. Draws
    of 5,000 move these figures by .02.
    """
    rows = 3_000
    published = {"banana": -3.60, "annulus": -4.25, "square": -3.71, "cosine": -3.98, "funnel": -3.57}
    sets = {name: load_dataset(name) for name in published}
    sets["grid"] = load_dataset("ring", modes=2, radius=4, scale=0.5, size=5_000)
    for name, level in {**published, "grid": -2.54}.items():
        x, y = sets[name].train.double().numpy(), sets[name].test[:rows].double().numpy()
        assert stats.gaussian_kde(x.T).logpdf(y.T).mean() == pytest.approx(level, abs=0.05), name


def test_exact_divergences_from_gaussians() -> None:
    """By moments: KL(P‖N) = E_P[log p] − E_P[log q] of a million draws, to 5 standard errors."""
    for name in ("banana", "cosine", "square", "annulus"):
        data = load_dataset(name)
        points = data.test.double()
        model = MultivariateNormal(points.mean(0), torch.cov(points.T))
        law = density_of(data)
        torch.manual_seed(1)
        draws = law.sample(torch.Size([200_000]))
        terms = law.log_prob(draws) - model.log_prob(draws)
        error = 5 * float(terms.std()) / math.sqrt(len(terms))
        assert float(exact_divergence("kl", law, model)) == pytest.approx(float(terms.mean()), abs=error), name


def test_what_quadrature_cannot_do_is_one_error() -> None:
    """The metric leaves such figures out: y is narrower than float64 resolves where x is large."""
    law = density_of(load_dataset("funnel", size=SMALL))
    model = MultivariateNormal(torch.zeros(2, dtype=torch.float64), torch.diag(torch.tensor([4.0, 4.2]).double()))
    with pytest.raises(BenchError, match=r"exact_divergence\('pearson'\): quadrature gives inf, but"):
        exact_divergence("pearson", law, model)


def test_densities_off_their_support() -> None:
    outside = torch.tensor([[4.5, 0.0]], dtype=torch.float64)
    for name in ("cosine", "square"):
        assert density_of(load_dataset(name, size=SMALL)).log_prob(outside).tolist() == [-math.inf]


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_densities_travel_between_processes(name: str) -> None:
    law = density_of(load_dataset(name, size=SMALL))
    points = torch.tensor([[0.3, -2.0]], dtype=torch.float64)
    assert pickle.loads(pickle.dumps(law)).log_prob(points).equal(law.log_prob(points))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("banana", {"scale": 0}),
        ("cosine", {"frequency": "2"}),
        ("square", {"side": -1}),
        ("funnel", {"limit": 0}),
        ("annulus", {"radius": None}),
        ("square", {"size": 0}),
    ],
)
def test_parameters_are_checked(name: str, parameters: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=f"dataset '{name}': parameter '{next(iter(parameters))}'"):
        check_parameters(name, parameters)
