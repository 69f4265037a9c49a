"""Parzen log-likelihood: against scikit-learn's KernelDensity and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KernelDensity
from torch import Tensor

from bench.datasets.base import Dataset
from bench.errors import BenchError
from bench.metrics import METRICS, parzen_log_density, parzen_log_likelihood
from bench.metrics.likelihood import ParzenLogLikelihood, kernels
from bench.metrics.likelihood.parzen import make_default_bandwidths
from tests.metrics.conftest import Sampler, SubjectMaker


def draws(n: int, d: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    return scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + shift


def by_scikit_learn(points: Tensor, samples: Tensor, bandwidth: float) -> np.ndarray:
    """One leaf makes it a plain sum: in 784 dimensions the bounds of its tree are hundreds of nats off."""
    density = KernelDensity(kernel="gaussian", bandwidth=bandwidth, leaf_size=10_000).fit(samples.double().numpy())
    return density.score_samples(points.double().numpy())


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 30),
    count=st.integers(1, 60),
    d=st.integers(1, 20),
    width=st.floats(0.01, 10),
    shift=st.floats(-1000, 1000),
)
def test_equals_scikit_learn(n: int, count: int, d: int, width: float, shift: float) -> None:
    """Also far from the origin, where the expanded square of a distance cancels."""
    points, samples = draws(n, d, n, shift=shift), draws(count, d, 99, shift=shift)
    found = parzen_log_density(points, samples, torch.tensor([width], dtype=torch.float64))[:, 0]
    np.testing.assert_allclose(found.numpy(), by_scikit_learn(points, samples, width), rtol=1e-6, atol=1e-9)


def test_float32_on_images_equals_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path that large sets of images take, forced upon a small one."""
    monkeypatch.setattr(kernels, "_EXACT_KERNELS", 0)
    monkeypatch.setattr(kernels, "_BLOCK", 1000)
    generator = torch.Generator().manual_seed(0)
    samples = torch.rand(300, 784, generator=generator)
    points = samples[:50] + 0.1 * torch.randn(50, 784, generator=generator)
    widths = torch.tensor([0.1, 0.2, 0.5], dtype=torch.float64)
    found = parzen_log_density(points, samples, widths)
    for column, width in zip(found.T, widths.tolist(), strict=True):
        np.testing.assert_allclose(column.numpy(), by_scikit_learn(points, samples, width), rtol=1e-6)


def test_float32_kernels_on_points_equal_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of large sets of points: modes a hundred times narrower than the distance between them."""
    monkeypatch.setattr(kernels, "_EXACT_KERNELS", 0)
    centres = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    points, samples = (centres.repeat(k, 1) + draws(3 * k, 2, k, scale=0.01) for k in (40, 100))
    for width in (0.001, 0.003, 0.1):
        found = parzen_log_density(points, samples, torch.tensor([width], dtype=torch.float64))[:, 0]
        np.testing.assert_allclose(found.numpy(), by_scikit_learn(points, samples, width), rtol=1e-6, atol=1e-6)


def test_one_kernel_is_a_gaussian() -> None:
    points, centre, h = draws(20, 3, 0), draws(1, 3, 1), 0.7
    expected = torch.distributions.Normal(centre.double(), h).log_prob(points.double()).sum(1)
    found = parzen_log_density(points, centre, torch.tensor([h]).double())[:, 0]
    torch.testing.assert_close(found, expected)


def test_narrow_kernels_far_away_stay_finite() -> None:
    found = parzen_log_density(torch.full((1, 2), 100.0), torch.zeros(5, 2), torch.tensor([1e-3]))
    expected = -0.5 * 2e4 / 1e-6 - 2 * math.log(1e-3) - math.log(2 * math.pi)
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    points, samples, widths = draws(50, 2, 0), draws(40, 2, 1), torch.tensor([0.1, 1.0])
    whole = parzen_log_density(points, samples, widths)
    monkeypatch.setattr(kernels, "_BLOCK", 100)
    torch.testing.assert_close(parzen_log_density(points, samples, widths), whole, rtol=1e-12, atol=1e-12)


def test_bandwidth_is_chosen_on_validation_and_reported_on_test() -> None:
    samples, test, validation = draws(400, 2, 0), draws(300, 2, 1), draws(200, 2, 2)
    widths = torch.tensor([0.01, 0.1, 0.3, 1.0, 3.0], dtype=torch.float64)
    result = parzen_log_likelihood(samples, test, validation, widths)
    scores = [by_scikit_learn(validation, samples, h).mean() for h in widths.tolist()]
    assert result.bandwidth == widths.tolist()[int(np.argmax(scores))]
    densities = by_scikit_learn(test, samples, result.bandwidth)
    assert result.value == pytest.approx(densities.mean(), rel=1e-6)
    assert result.stderr == pytest.approx(densities.std(ddof=1) / math.sqrt(300), rel=1e-6)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    d=st.sampled_from([1, 2, 20, 300]),
    count=st.sampled_from([1, 2, 30, 300]),
    scale=st.floats(0.05, 5),
    pilot=st.sampled_from([1, 10]),
    narrowest=st.floats(-2, 0.5),
    span=st.floats(0.01, 2),
)
def test_bandwidth_is_the_one_that_trying_all_finds(
    seed: int, d: int, count: int, scale: float, pilot: int, narrowest: float, span: float
) -> None:
    """From wide grids, where bounds exclude most candidates, to fine ones, where they exclude none."""
    points = draws(40, d, seed)
    density = kernels.GaussianKernels(draws(count, d, seed + 1, scale=scale))
    widths = torch.logspace(narrowest, narrowest + span, 12, dtype=torch.float64)
    found = kernels.choose_bandwidth(density, points, widths, pilot=pilot)
    assert found == int(density(points, widths).mean(0).argmax())


def test_of_equal_bandwidths_the_first_is_chosen() -> None:
    density = kernels.GaussianKernels(draws(30, 2, 0))
    assert kernels.choose_bandwidth(density, draws(20, 2, 1), torch.tensor([9.0, 0.5, 0.5]).double()) == 1


def test_bounds_spare_most_bandwidths_on_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 784 dimensions scores of neighbouring bandwidths differ by hundreds of nats, the bounds by log N."""
    scored: list[int] = []
    terms = kernels.GaussianKernels.terms

    def spy(self: kernels.GaussianKernels, points: Tensor, bandwidths: Tensor) -> tuple[Tensor, Tensor]:
        scored.append(len(points) * len(bandwidths))
        return terms(self, points, bandwidths)

    monkeypatch.setattr(kernels.GaussianKernels, "terms", spy)
    generator = torch.Generator().manual_seed(0)
    density = kernels.GaussianKernels(torch.rand(500, 784, generator=generator))
    points = torch.rand(1000, 784, generator=generator)
    kernels.choose_bandwidth(density, points, torch.logspace(-1, 0, 10, dtype=torch.float64), pilot=50)
    assert sum(scored) == 50 * 10 + 1000


def test_approaches_the_entropy_from_below() -> None:
    """E log q ≤ −H(p); with 5,000 kernels in the plane the gap is a few hundredths, of which .02 is sampling noise."""
    entropy = 1 + math.log(2 * math.pi)
    result = parzen_log_likelihood(draws(5000, 2, 0), draws(5000, 2, 1), draws(1000, 2, 2))
    assert -entropy - 0.1 < result.value < -entropy + 0.04


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(1e-3, 1e3))
def test_default_bandwidths_scale_with_points(factor: float) -> None:
    points = draws(100, 3, 0).double()
    torch.testing.assert_close(make_default_bandwidths(factor * points), factor * make_default_bandwidths(points))


def test_default_bandwidths_of_images_are_the_published_ones() -> None:
    expected = torch.tensor(np.logspace(-1, 0, 10))
    torch.testing.assert_close(make_default_bandwidths(torch.rand(5, 1, 8, 8)), expected)


def test_metric_class_equals_the_function_and_merges() -> None:
    samples, test = draws(100, 4, 0).reshape(100, 1, 2, 2), draws(50, 4, 1).reshape(50, 1, 2, 2)
    expected = parzen_log_likelihood(samples, test, test, torch.tensor([0.4], dtype=torch.float64))
    whole, left, right = (ParzenLogLikelihood(samples, 0.4) for _ in range(3))
    whole.update(test)
    left.update(test[:20])
    right.update(test[20:])
    left.merge_state(right)
    for metric in (whole, left):
        figures = {name: float(value) for name, value in metric.compute().items()}
        assert figures["parzen_log_likelihood"] == pytest.approx(expected.value, rel=1e-12)
        assert figures["parzen_log_likelihood_se"] == pytest.approx(expected.stderr, rel=1e-9)


def test_metric_class_of_one_point_has_no_standard_error() -> None:
    metric = ParzenLogLikelihood(torch.zeros(1, 2), 1.0)
    metric.update(torch.zeros(1, 2))
    assert {k: float(v) for k, v in metric.compute().items()} == {
        "parzen_log_likelihood": pytest.approx(-math.log(2 * math.pi))
    }


def test_label_names_the_choice_of_bandwidths(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    label = METRICS["parzen_log_likelihood"].labels(make_subject(points, normal))["parzen_bandwidths"]
    widths = make_default_bandwidths(points.validation)
    assert label == f"19 from {float(widths[0]):.3g} to {float(widths[-1]):.3g}, highest validation log-likelihood"


def test_suite_metric_uses_the_smaller_number_of_samples(
    make_subject: SubjectMaker, points: Dataset, normal: Sampler
) -> None:
    figures = METRICS["parzen_log_likelihood"].measure(make_subject(points, normal, samples=500))
    columns = {"parzen_log_likelihood", "parzen_log_likelihood_se", "parzen_bandwidth", "parzen_n"}
    assert figures.keys() == columns
    assert figures["parzen_n"] == 500
    many = METRICS["parzen_log_likelihood"].measure(make_subject(points, normal, samples=20_000))
    assert many["parzen_n"] == 16_384


@pytest.mark.filterwarnings("ignore:The ``compute`` method:UserWarning")
def test_refuses_bad_input() -> None:
    good = draws(10, 2, 0)
    with pytest.raises(BenchError, match="expected the same shape"):
        parzen_log_likelihood(draws(10, 3, 0), good, good)
    with pytest.raises(BenchError, match="expected a list of positive numbers"):
        parzen_log_likelihood(good, good, good, torch.tensor([0.1, 0.0]))
    with pytest.raises(BenchError, match="samples: 20 of 20 values are NaN"):
        parzen_log_likelihood(good * float("nan"), good, good)
    with pytest.raises(BenchError, match="test: 1 examples; expected at least 2"):
        parzen_log_likelihood(good, good[:1], good)
    with pytest.raises(BenchError, match="samples: 0 examples"):
        parzen_log_likelihood(good[:0], good, good)
    with pytest.raises(BenchError, match="expected a list of positive numbers"):
        parzen_log_likelihood(good, good, good, torch.tensor([]))
    with pytest.raises(BenchError, match=r"points and samples.*expected the same shape"):
        parzen_log_density(good, draws(10, 3, 0), torch.tensor([0.1]))
    with pytest.raises(BenchError, match="expected a list of positive numbers"):
        ParzenLogLikelihood(good, -1.0)
    with pytest.raises(BenchError, match="expected \\(2,\\), as samples have it"):
        ParzenLogLikelihood(good, 1.0).update(draws(10, 3, 0))
    with pytest.raises(BenchError, match="parzen_log_likelihood: no examples"):
        ParzenLogLikelihood(good, 1.0).compute()


def by_differences(points: Tensor, samples: Tensor, width: float) -> Tensor:
    """Brute force in float64, without an expanded square."""
    squares = torch.stack([(samples.double() - x).square().sum(1) for x in points.double()])
    constant = math.log(len(samples)) + samples.shape[1] * (math.log(2 * math.pi) / 2 + math.log(width))
    return torch.logsumexp(-squares / (2 * width**2), 1) - constant


def collapse(n: int, d: int, width: float, seed: int) -> Tensor:
    """Samples in 20 narrow clusters, the same for every seed."""
    centres = draws(20, d, 7).double()
    chosen = torch.randint(20, (n,), generator=torch.Generator().manual_seed(seed))
    return centres[chosen] + width * draws(n, d, seed + 1).double()


@pytest.mark.parametrize("shift", [0.0, 1e4])
@pytest.mark.parametrize("width", [1e-3, 1e-6])
@pytest.mark.parametrize("d", [5, 100])
def test_samples_that_have_collapsed_have_exact_densities(d: int, width: float, shift: float) -> None:
    """Kernels a thousand to a million times narrower than the distances between them, to a hundredth of a nat.

    Samples at 1e4 are told apart to 2e-12 by float64: at a width of 1e-6 that is 2e-6 of it, for brute force as well.
    """
    samples, test, validation = (shift + collapse(n, d, width, n) for n in (4096, 60, 50))
    widths = width * torch.logspace(-1, 1, 9, dtype=torch.float64)
    found = parzen_log_likelihood(samples, test, validation, widths)
    scores = [float(by_differences(validation, samples, h).mean()) for h in widths.tolist()]
    assert found.bandwidth == float(widths[int(np.argmax(scores))])
    expected = by_differences(test, samples, found.bandwidth)
    assert found.value == pytest.approx(float(expected.mean()), abs=0.01)
    assert found.stderr == pytest.approx(float(expected.std()) / math.sqrt(60), rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6), width=st.floats(-9, 1), d=st.sampled_from([3, 80]), outlier=st.sampled_from([0, 1e6])
)
def test_every_point_is_near_enough_to_brute_force(seed: int, width: float, d: int, outlier: float) -> None:
    """Whatever the bandwidth, on the path of many kernels too, and beside a sample that ran away.

    Centring rounds each of d coordinates by half a unit in the last place of the one that ran away.
    """
    samples, points = draws(100, d, seed).double(), draws(20, d, seed + 1).double()
    samples[0] += outlier
    points[:10] = samples[:10] + 10.0**width * draws(10, d, seed + 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "_EXACT_KERNELS", 0)
        found = parzen_log_density(points, samples, [10.0**width])[:, 0]
    rounding = d * np.spacing(outlier) / 2 / 10.0**width
    torch.testing.assert_close(found, by_differences(points, samples, 10.0**width), rtol=1e-6, atol=1e-2 + rounding)


def test_ordinary_images_take_the_fastest_way() -> None:
    images = torch.rand(3000, 784, generator=torch.Generator().manual_seed(0))
    density = kernels.GaussianKernels(images)
    centred = images[:100].double() - density.centre
    assert bool((density._choose_ways(centred, 1 / 0.1**2) == 0).all())
    assert bool((density._choose_ways(centred, 1 / 0.001**2) == 1).all())
    assert bool((density._choose_ways(centred, 1 / 1e-8**2) == 2).all())


@given(exponent=st.integers(-150, 150), d=st.integers(1, 5))
def test_densities_have_the_unit_of_the_space(exponent: int, d: int) -> None:
    points, samples, unit = draws(10, d, 0).double(), draws(30, d, 1).double(), 10.0**exponent
    here = parzen_log_density(points, samples, [0.3])
    there = parzen_log_density(unit * points, unit * samples, [unit * 0.3])
    torch.testing.assert_close(there + d * math.log(unit), here, rtol=1e-9, atol=1e-9)
    moved = parzen_log_likelihood(unit * samples, unit * points, unit * points)
    assert moved.value + d * math.log(unit) == pytest.approx(parzen_log_likelihood(samples, points, points).value)


def test_what_float64_cannot_hold_is_refused() -> None:
    with pytest.raises(BenchError, match="log-densities below what float64 holds; expected wider kernels"):
        parzen_log_density(torch.ones(1, 2), torch.zeros(5, 2), [1e-200])
    with pytest.raises(BenchError, match="validation: all points coincide; expected different ones, or bandwidths"):
        parzen_log_likelihood(draws(10, 2, 0), draws(10, 2, 1), torch.ones(10, 2))
