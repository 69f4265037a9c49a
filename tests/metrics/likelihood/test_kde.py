"""KDE log-likelihood: against the density written out, by limits, and where there is no density."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from bench import kde_log_likelihood
from bench.datasets.base import Dataset, load_dataset
from bench.errors import BenchError
from bench.metrics import METRICS, KDELogLikelihood
from tests.metrics.conftest import Sampler, SubjectMaker


def draws(n: int, d: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    return scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def by_hand(points: Tensor, samples: Tensor) -> np.ndarray:
    """A mixture of normal laws with the samples' covariance, times n^(−2/(d + 4)): Scott 1992, eq. 6.42."""
    count, d = samples.shape
    covariance = np.cov(samples.numpy().T, ddof=1) * count ** (-2 / (d + 4))
    kernels = [stats.multivariate_normal(centre, covariance).pdf(points.numpy()) for centre in samples.numpy()]
    return np.log(np.mean(kernels, axis=0))


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 20), extra=st.integers(1, 40), d=st.integers(1, 4), scale=st.floats(0.1, 10))
def test_equals_the_density_written_out(n: int, extra: int, d: int, scale: float) -> None:
    points, samples = draws(n, d, n, scale), draws(d + 1 + extra, d, 99, scale)
    found, densities = kde_log_likelihood(samples, points), by_hand(points, samples)
    assert found.value == pytest.approx(densities.mean(), rel=1e-9, abs=1e-9)
    assert found.stderr == pytest.approx(densities.std(ddof=1) / math.sqrt(n), rel=1e-8, abs=1e-9)


def test_of_a_normal_law() -> None:
    """Kernels widen N(0, 1) to N(0, 1 + h²), h = n^(−1/5): E log density = −½ log 2π(1 + h²) − 1/2(1 + h²).

    The estimate's own variance takes .003 off at n = 2,000 (its relative variance is of order 1/nh), the test set's
    standard error is .01.
    """
    n = 2000
    wide = 1 + n ** (-2 / 5)
    expected = -0.5 * math.log(2 * math.pi * wide) - 0.5 / wide
    found = kde_log_likelihood(draws(n, 1, 0), draws(5000, 1, 1))
    assert found.value == pytest.approx(expected, abs=0.03)
    assert found.stderr == pytest.approx(1 / math.sqrt(2 * 5000) / wide, rel=0.1)


@given(factor=st.sampled_from([0.01, 3.0, 1e6]), shift=st.floats(-100, 100))
@settings(deadline=None, max_examples=10)
def test_moves_with_the_unit(factor: float, shift: float) -> None:
    """Densities are per unit of volume: log factor for each coordinate."""
    samples, points = draws(50, 2, 0), draws(30, 2, 1)
    found = kde_log_likelihood(factor * (samples + shift), factor * (points + shift)).value
    assert found == pytest.approx(kde_log_likelihood(samples, points).value - 2 * math.log(factor), abs=1e-6)


def test_batches_give_the_figures_of_the_whole() -> None:
    samples, points = draws(50, 2, 0), draws(31, 2, 1)
    metric = KDELogLikelihood(samples)
    for part in points.split(7):
        metric.update(part)
    whole = kde_log_likelihood(samples, points)
    found = {name: float(value) for name, value in metric.compute().items()}
    assert found == pytest.approx({"kde_log_likelihood": whole.value, "kde_log_likelihood_se": whole.stderr}, rel=1e-12)


def test_suite_metric(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    """Entropy of N(0, I₂) is 1 + log 2π = 2.84; kernels take .05 more off at n = 200, the test set's error is .07."""
    figures = METRICS["kde_log_likelihood"].measure(make_subject(points, normal, samples=200))
    assert figures.keys() == {"kde_log_likelihood", "kde_log_likelihood_se", "kde_n"}
    assert figures["kde_n"] == 200
    assert figures["kde_log_likelihood"] == pytest.approx(-2.89, abs=0.25)


@pytest.mark.parametrize("direction", [(0.0, 0.0), (1.0, 0.0), (1.3, 2.7)])
def test_collapsed_samples_have_minus_infinity(
    make_subject: SubjectMaker, points: Dataset, direction: tuple[float, float]
) -> None:
    """What narrower and narrower samples fall towards; a run with such a model is no failed one."""
    line = torch.tensor(direction)

    def sample(n: int, generator: torch.Generator, width: float = 0.0) -> Tensor:
        along = torch.randn(n, 1, generator=generator)
        return along * line + width * torch.randn(n, 2, generator=generator)

    figures = METRICS["kde_log_likelihood"].measure(make_subject(points, sample))
    assert figures == {"kde_log_likelihood": -math.inf, "kde_n": 300.0}
    narrow = [
        METRICS["kde_log_likelihood"].measure(make_subject(points, lambda n, g, w=w: sample(n, g, w)))
        for w in (0.1, 0.01)
    ]
    assert narrow[0]["kde_log_likelihood"] > 10 * narrow[1]["kde_log_likelihood"]


def test_nothing_on_images(make_subject: SubjectMaker) -> None:
    data = load_dataset("digits")
    subject = make_subject(data, lambda n, g: torch.rand(n, 1, 8, 8, generator=g))
    assert METRICS["kde_log_likelihood"].measure(subject) == {}


def test_refusals(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    with pytest.raises(BenchError, match=r"samples: 2 in 2 dimensions; expected at least 3"):
        METRICS["kde_log_likelihood"].measure(make_subject(points, normal, samples=2))
    with pytest.raises(BenchError, match=r"samples: 9 in 3 dimensions whose covariance is singular, as if on a line"):
        kde_log_likelihood(torch.ones(9, 3), torch.zeros(2, 3))
    with pytest.raises(BenchError, match=r"test: dimension 3; expected 2, as samples have it"):
        kde_log_likelihood(draws(9, 2, 0), torch.zeros(2, 3))
    with pytest.raises(BenchError, match=r"test: 1 examples; expected at least 2"):
        kde_log_likelihood(draws(9, 2, 0), torch.zeros(1, 2))
    with pytest.raises(BenchError, match=r"test: log-densities that float64 does not hold"):
        kde_log_likelihood(draws(9, 2, 0), torch.full((2, 2), 1e200, dtype=torch.float64))
    with pytest.raises(BenchError, match=r"kde_log_likelihood: no examples; expected at least one"):
        KDELogLikelihood(draws(9, 2, 0)).compute()
