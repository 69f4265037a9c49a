"""Mode coverage: exact figures on made-up sample sets, and the floors that a perfect model reaches."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bench.datasets.base import Dataset, Modes, load_dataset
from bench.errors import BenchError
from bench.metrics import METRICS, ModeCoverage, mode_coverage
from bench.metrics.classifier import load_classifier
from bench.metrics.modes import assigner_for

from .conftest import Sampler, SubjectMaker

PERFECT = 1 - math.exp(-4.5)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def ring() -> Dataset:
    return load_dataset("ring")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def modes_of(data: Dataset) -> Modes:
    assert data.modes is not None
    return data.modes


def perfect(modes: Modes, n: int, seed: int, width: float = 1.0) -> Tensor:
    """Draws from the mixture itself, or with modes `width` times as wide."""
    generator = torch.Generator().manual_seed(seed)
    mode = torch.multinomial(modes.weights, n, replacement=True, generator=generator)
    noise = torch.randn(n, modes.centres.shape[1], generator=generator)
    return modes.centres[mode] + width * modes.scale[mode, None] * noise


def test_all_modes(ring: Dataset) -> None:
    samples = modes_of(ring).centres.repeat(5, 1)
    expected = {"modes_covered": 8, "modes_total": 8, "high_quality_fraction": 1, "mode_kl": 0}
    assert mode_coverage(samples, ring) == pytest.approx(expected, abs=1e-6)
    assert mode_coverage(samples, "ring") == mode_coverage(samples, modes_of(ring)) == mode_coverage(samples, ring)


def test_one_mode_missing(ring: Dataset) -> None:
    expected = {"modes_covered": 7, "modes_total": 8, "high_quality_fraction": 1, "mode_kl": math.log(8 / 7)}
    assert mode_coverage(modes_of(ring).centres[1:], ring) == pytest.approx(expected, abs=1e-6)


def test_all_collapsed_to_one_mode(ring: Dataset) -> None:
    expected = {"modes_covered": 1, "modes_total": 8, "high_quality_fraction": 1, "mode_kl": math.log(8)}
    assert mode_coverage(modes_of(ring).centres[:1].repeat(100, 1), ring) == pytest.approx(expected, abs=1e-6)


def test_noise_only_has_no_histogram(ring: Dataset) -> None:
    figures = mode_coverage(torch.zeros(50, 2), ring)
    assert figures == {"modes_covered": 0, "modes_total": 8, "high_quality_fraction": 0}


def test_only_high_quality_points_enter_the_histogram(ring: Dataset) -> None:
    """Three good points in mode 0, one in mode 1, and noise nearest to mode 2."""
    centres = modes_of(ring).centres
    samples = torch.cat([centres[[0, 0, 0, 1]], 0.5 * centres[[2]].repeat(6, 1)])
    expected = {
        "modes_covered": 2,
        "modes_total": 8,
        "high_quality_fraction": 0.4,
        "mode_kl": 0.75 * math.log(0.75 * 8) + 0.25 * math.log(0.25 * 8),
    }
    assert mode_coverage(samples, ring) == pytest.approx(expected, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(angle=st.floats(0, 2 * math.pi), radius=st.floats(0, 6), mode=st.integers(0, 7))
def test_quality_ends_at_three_standard_deviations(angle: float, radius: float, mode: int) -> None:
    if abs(radius - 3) < 1e-3:  # the boundary itself is a matter of float32 rounding
        return
    data = Modes(*(torch.as_tensor(t) for t in ([[10.0 * k, 0.0] for k in range(8)], [0.5] * 8, [0.125] * 8)))
    offset = 0.5 * radius * torch.tensor([math.cos(angle), math.sin(angle)])
    figures = mode_coverage((data.centres[mode] + offset).unsqueeze(0), data)
    assert figures["high_quality_fraction"] == (1 if radius < 3 else 0)


def test_modes_have_their_own_widths_and_weights() -> None:
    data = Modes(torch.tensor([[-1.0], [2.0]]), torch.tensor([0.1, 1.0]), torch.tensor([0.25, 0.75]))
    samples = torch.tensor([[-0.75], [-0.6], [4.5], [2.0], [5.1]])
    expected = {
        "modes_covered": 2,
        "modes_total": 2,
        "high_quality_fraction": 3 / 5,
        "mode_kl": math.log((1 / 3) / 0.25) / 3 + 2 * math.log((2 / 3) / 0.75) / 3,
    }
    assert mode_coverage(samples, data) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_perfect_sampling_within_binomial_error(name: str) -> None:
    """Four standard deviations of a binomial share."""
    data, n = load_dataset(name), 100_000
    figures = mode_coverage(perfect(modes_of(data), n, seed=1), data)
    assert figures["high_quality_fraction"] == pytest.approx(PERFECT, abs=4 * math.sqrt(PERFECT * (1 - PERFECT) / n))
    assert mode_coverage(data.test, data)["high_quality_fraction"] == pytest.approx(PERFECT, abs=0.005)


def test_narrower_than_the_data_is_above_the_perfect_fraction(ring: Dataset) -> None:
    samples = perfect(modes_of(ring), 10_000, seed=2, width=0.5)
    assert mode_coverage(samples, ring)["high_quality_fraction"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("name", "modes"), [("ring", 8), ("grid", 25)])
def test_floor_of_mode_kl(name: str, modes: int) -> None:
    """(K − 1)/2N on average: 2N·KL is χ² with K − 1 degrees of freedom, so four standard errors over 200 sets."""
    data, sets, n = load_dataset(name), 200, 2500
    mean = sum(mode_coverage(perfect(modes_of(data), n, seed), data)["mode_kl"] for seed in range(sets)) / sets
    floor = (modes - 1) / (2 * n * PERFECT)
    assert mean == pytest.approx(floor, abs=4 * math.sqrt(2 * (modes - 1) / sets) / (2 * n) + floor / n)


def test_merged_states_equal_one_pass(ring: Dataset) -> None:
    samples = perfect(modes_of(ring), 1000, seed=0)
    assigner = assigner_for(ring)
    assert assigner is not None
    whole, left, right = (ModeCoverage(assigner) for _ in range(3))
    whole.update(samples)
    left.update(samples[:300])
    right.update(samples[300:])
    left.merge_state(right)
    assert {k: float(v) for k, v in left.compute().items()} == {k: float(v) for k, v in whole.compute().items()}


def test_classes_are_the_modes_of_labelled_images(digits: Dataset) -> None:
    """Images of one digit collapse onto it; every image counts."""
    found = load_classifier("digits", CPU).predict(digits.test)
    assert digits.test_labels is not None
    share = (digits.test_labels == 3).double().mean()
    figures = mode_coverage(digits.test[found == 3], digits)
    expected = {"modes_covered": 1, "modes_total": 10, "mode_kl": -math.log(share)}
    assert figures == pytest.approx(expected, rel=1e-9)
    whole = mode_coverage(digits.test, digits)
    assert whole["modes_covered"] == 10
    assert whole["mode_kl"] < 0.01


def test_suite_metric_on_points(make_subject: SubjectMaker, ring: Dataset) -> None:
    sizes: list[int] = []

    def sample(n: int, generator: torch.Generator) -> Tensor:
        sizes.append(n)
        return perfect(modes_of(ring), n, int(torch.randint(99, (1,), generator=generator)))

    subject = make_subject(ring, sample, samples=77)
    figures = METRICS["mode_coverage"].measure(subject)
    assert sizes == [2500]
    assert figures["modes_covered"] == 8
    assert METRICS["mode_coverage"].labels(subject) == {}
    assert METRICS["mode_coverage"].measure(subject) == figures


def test_suite_metric_on_images(make_subject: SubjectMaker, digits: Dataset) -> None:
    subject = make_subject(digits, lambda n, _: digits.train[:n], samples=200)
    figures = METRICS["mode_coverage"].measure(subject)
    assert figures.keys() == {"modes_covered", "modes_total", "mode_kl"}
    assert figures["modes_covered"] == 10
    sha256 = load_classifier("digits", CPU).sha256
    assert METRICS["mode_coverage"].labels(subject) == {"mode_classifier": f"digits-classifier@{sha256[:12]}"}


def test_is_absent_without_modes(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    assert METRICS["mode_coverage"].measure(make_subject(points, normal)) == {}
    with pytest.raises(BenchError, match="'points' has neither modes nor classes"):
        mode_coverage(points.test, points)


def test_refuses_bad_samples_and_weights(ring: Dataset, digits: Dataset) -> None:
    with pytest.raises(BenchError, match="samples: 2 of 2 values are NaN"):
        mode_coverage(torch.full((1, 2), float("nan")), ring)
    with pytest.raises(BenchError, match="dimension 3; expected 2"):
        mode_coverage(torch.zeros(4, 3), ring)
    with pytest.raises(BenchError, match="samples: 0 examples"):
        mode_coverage(torch.zeros(0, 2), ring)
    with pytest.raises(BenchError, match="expected \\(n, 1, 8, 8\\), as digits has it"):
        mode_coverage(torch.zeros(4, 1, 28, 28), digits)
    with pytest.raises(BenchError, match="expected positive numbers of sum 1"):
        mode_coverage(torch.zeros(4, 2), dataclasses.replace(modes_of(ring), weights=torch.zeros(8)))
