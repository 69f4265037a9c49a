"""MMD: against the definition, in closed form for normal laws, and what is expected of one law on both sides."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bench import maximum_mean_discrepancy
from bench.datasets.base import Dataset, load_dataset
from bench.errors import BenchError
from bench.metrics import METRICS, MaximumMeanDiscrepancy
from bench.metrics.features import kernel

from .conftest import Sampler, SubjectMaker


def normal(n: int, d: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def by_definition(x: Tensor, y: Tensor) -> float:
    """The mean over all pairs, a point with itself among them, in NumPy."""

    def mean(a: Tensor, b: Tensor) -> float:
        distances = np.linalg.norm(a.numpy()[:, None] - b.numpy()[None], axis=2)
        return float(np.exp(-((distances / a.shape[1]) ** 2)).mean())

    return mean(x, x) + mean(y, y) - 2 * mean(x, y)


def exact(d: int, shift: float, scale: float = 1.0) -> float:
    """Of N(0, I) and N(shift, scale² I).

    E exp(−δ²/w²) = w/√(w² + 2s²) · exp(−m²/(w² + 2s²)) for δ ~ N(m, s²), to the power d.
    """

    def mean(m: float, variance: float) -> float:
        whole = d**2 + 2 * variance
        return float((d / math.sqrt(whole) * math.exp(-(m**2) / whole)) ** d)

    return mean(0, 2) + mean(0, 2 * scale**2) - 2 * mean(shift, 1 + scale**2)


@given(
    n=st.integers(2, 9), m=st.integers(2, 9), d=st.integers(1, 6), seed=st.integers(0, 10**6), shift=st.floats(-3, 3)
)
def test_equals_the_definition(n: int, m: int, d: int, seed: int, shift: float) -> None:
    """Also far from the origin."""
    x, y = normal(n, d, seed, 1e6), normal(m, d, seed + 1, 1e6 + shift)
    assert maximum_mean_discrepancy(x, y).value == pytest.approx(by_definition(x, y), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("block", [1, 50, 1000])
def test_does_not_depend_on_the_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(83, 2, 0), normal(61, 2, 1, 0.3)
    whole = maximum_mean_discrepancy(x, y)
    monkeypatch.setattr(kernel, "_BLOCK", block)
    found = maximum_mean_discrepancy(x, y)
    assert (found.value, found.stderr) == pytest.approx((whole.value, whole.stderr), rel=1e-10)


@pytest.mark.parametrize(("d", "shift", "scale"), [(2, 0.0, 1.0), (2, 0.5, 1.0), (1, 1.0, 2.0), (4, 0.3, 0.5)])
def test_mean_and_standard_error_over_repeated_draws(d: int, shift: float, scale: float) -> None:
    """The mean exceeds the exact value by (1 − E k)(1/n + 1/m): exactly that, so to 4 standard errors of 400 draws.

    Their spread is known to about 7 %; at equality the standard error is too large by up to a fifth.
    """
    n, m = 60, 40
    results = [maximum_mean_discrepancy(normal(n, d, 2 * s), normal(m, d, 2 * s + 1, shift, scale)) for s in range(400)]
    values = torch.tensor([result.value for result in results], dtype=torch.float64)
    own = [float((d / math.sqrt(d**2 + 4 * s**2)) ** d) for s in (1.0, scale)]  # E k(x, x') of one law
    expected = exact(d, shift, scale) + (1 - own[0]) / n + (1 - own[1]) / m
    assert abs(float(values.mean()) - expected) < 4 * float(values.std()) / math.sqrt(len(values))
    ratio = float(torch.tensor([result.stderr**2 for result in results]).mean().sqrt()) / float(values.std())
    assert 0.8 < ratio < 1.35


@settings(max_examples=25)
@given(n=st.integers(2, 20), d=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_is_zero_only_for_equal_sets_and_never_below(n: int, d: int, seed: int) -> None:
    x = normal(n, d, seed)
    assert maximum_mean_discrepancy(x, x.flip(0)).value == pytest.approx(0, abs=1e-12)
    assert maximum_mean_discrepancy(x, x + 1).value > 1e-6
    assert maximum_mean_discrepancy(x, torch.full_like(x, 1e200)).value >= 0


def test_batches_give_the_figures_of_the_whole() -> None:
    x, y = normal(30, 2, 0), normal(20, 2, 1)
    metric = MaximumMeanDiscrepancy()
    for part in x.split(7):
        metric.update(part, real=True)
    metric.update(y, real=False)
    whole = maximum_mean_discrepancy(x, y)
    assert {key: float(value) for key, value in metric.compute().items()} == {
        "mmd": whole.value,
        "mmd_se": whole.stderr,
    }


def test_real_data_is_at_the_level_of_a_perfect_model() -> None:
    """Fresh draws of the banana score (1 − E k)(2/n), .00025 at 5,000; the published KL-WGAN has .0016 ± .0002."""
    data = load_dataset("banana")
    found = maximum_mean_discrepancy(data.train, data.test[:5000])
    assert 0.0001 < found.value < 0.0006


def test_suite_metric(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    figures = METRICS["mmd"].measure(make_subject(points, normal, samples=200))
    assert figures.keys() == {"mmd", "mmd_se", "mmd_n"}
    assert figures["mmd_n"] == 200
    assert 0 < figures["mmd"] < 0.02
    collapsed = METRICS["mmd"].measure(make_subject(points, lambda n, _: torch.zeros(n, 2)))
    assert collapsed["mmd"] > 0.1
    assert collapsed["mmd_n"] == 300


def test_nothing_on_images(make_subject: SubjectMaker) -> None:
    data = load_dataset("digits")
    assert METRICS["mmd"].measure(make_subject(data, lambda n, _: torch.zeros(n, 1, 8, 8))) == {}


def test_refusals(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    with pytest.raises(
        BenchError, match=r"mmd: 1 examples of each side; expected at least 2; raise evaluation.samples"
    ):
        METRICS["mmd"].measure(make_subject(points, normal, samples=1))
    with pytest.raises(BenchError, match=r"y: dimension 3; expected 2, as x has it"):
        maximum_mean_discrepancy(torch.zeros(4, 2), torch.zeros(4, 3))
    with pytest.raises(BenchError, match=r"x: 1 examples; expected at least 2"):
        maximum_mean_discrepancy(torch.zeros(1, 2), torch.zeros(4, 2))
    metric = MaximumMeanDiscrepancy()
    metric.update(torch.zeros(4, 2), real=True)
    with pytest.raises(BenchError, match=r"no generated features"):
        metric.compute()
