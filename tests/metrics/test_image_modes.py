"""Mode coverage of images: their classes are the modes, as the shipped classifiers tell them."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

from bench.datasets.base import Dataset, fingerprint, load_dataset
from bench.datasets.locate import DATA_DIR_VARIABLE
from bench.errors import BenchError
from bench.metrics import METRICS, ModeCoverage, mode_coverage
from bench.metrics.classifier import load_classifier
from bench.metrics.mode_assigners import make_assigner
from bench.metrics.modes import IMAGES

from .conftest import SubjectMaker
from .test_modes import Given

CPU = torch.device("cpu")
needs_mnist = pytest.mark.skipif(
    not (Path(os.environ.get(DATA_DIR_VARIABLE, "nowhere")) / "mnist").is_dir(),
    reason=f"needs the published files in ${DATA_DIR_VARIABLE}/mnist",
)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def drawings(digits: Dataset) -> Tensor:
    """One image of 28 × 28 pixels for each digit, in order, that MNIST's classifier takes for this digit."""
    images = F.pad(F.interpolate(digits.train, 20, mode="bilinear"), (4, 4, 4, 4)).clamp(0, 1)
    found = load_classifier("mnist", CPU).predict(images)
    return torch.stack([images[int((found == digit).nonzero()[0])] for digit in range(10)])


@pytest.fixture(scope="module")
def stacked() -> Dataset:
    """A small dataset in the form of stacked-mnist, with unequal class weights."""
    images = torch.rand(3, 4, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    weights = torch.arange(1, 1001, dtype=torch.float64) / 500_500
    return Dataset("stacked-mnist", *images, fingerprint(images), classes=1000, class_weights=weights)


def stack(drawings: Tensor, numbers: Tensor) -> Tensor:
    """Images of three channels that spell the numbers, shape (n, 3, 28, 28)."""
    return torch.cat([drawings[numbers // place % 10] for place in (100, 10, 1)], 1)


def test_one_digit_only(digits: Dataset) -> None:
    """Images of one digit collapse onto it; every image counts."""
    found = load_classifier("digits", CPU).predict(digits.test)
    assert digits.test_labels is not None
    share = (digits.test_labels == 3).double().mean()
    expected = {"modes_covered": 1, "modes_total": 10, "mode_n": int((found == 3).sum()), "mode_kl": -math.log(share)}
    assert mode_coverage(digits.test[found == 3], digits) == pytest.approx(expected, rel=1e-9)


def test_all_digits_but_one(digits: Dataset) -> None:
    found = load_classifier("digits", CPU).predict(digits.test)
    assert digits.test_labels is not None
    law = torch.bincount(digits.test_labels, minlength=10)
    figures = mode_coverage(digits.test[found != 7], digits)
    assert (figures["modes_covered"], figures["mode_n"]) == (9, int((found != 7).sum()))
    histogram = torch.bincount(found[found != 7], minlength=10)
    assert figures["mode_kl"] == pytest.approx(stats.entropy(histogram, law), rel=1e-9)
    whole = mode_coverage(digits.test, digits)
    assert whole["modes_covered"] == 10
    assert whole["mode_kl"] < 0.01


def test_class_weights_come_before_the_shares_in_the_test_split(digits: Dataset) -> None:
    found = load_classifier("digits", CPU).predict(digits.test)
    law = torch.arange(1, 11, dtype=torch.float64) / 55
    figures = mode_coverage(digits.test, replace(digits, class_weights=law))
    assert figures["mode_kl"] == pytest.approx(stats.entropy(torch.bincount(found, minlength=10), law), rel=1e-9)


def test_all_modes_of_stacked_digits(drawings: Tensor, stacked: Dataset) -> None:
    """Every number once, in an order that tells channels apart; the mode of each image is its number."""
    numbers = torch.randperm(1000, generator=torch.Generator().manual_seed(0))
    samples = stack(drawings, numbers)
    assigner = make_assigner(stacked)
    assert assigner is not None
    mode, good = assigner.assign(samples)
    assert torch.equal(mode, numbers)
    assert bool(good.all())
    assert stacked.class_weights is not None
    kl = stats.entropy([1] * 1000, stacked.class_weights)
    expected = {"modes_covered": 1000, "modes_total": 1000, "mode_n": 1000, "mode_kl": kl}
    assert mode_coverage(samples, stacked) == pytest.approx(expected, rel=1e-9)


def test_missing_and_collapsed_modes_of_stacked_digits(drawings: Tensor, stacked: Dataset) -> None:
    """Weights are (number + 1) / 500,500."""
    missing = mode_coverage(stack(drawings, torch.arange(1, 1000)), stacked)
    kl = -sum(math.log((number + 1) / 500_500 * 999) for number in range(1, 1000)) / 999
    assert missing == pytest.approx({"modes_covered": 999, "modes_total": 1000, "mode_n": 999, "mode_kl": kl}, rel=1e-9)
    one = mode_coverage(stack(drawings, torch.full((50,), 274)), stacked)
    kl = -math.log(275 / 500_500)
    assert one == pytest.approx({"modes_covered": 1, "modes_total": 1000, "mode_n": 50, "mode_kl": kl}, rel=1e-9)


def test_floor_of_a_thousand_modes() -> None:
    """(K − 1)/2N: 2N·KL is nearly χ² with K − 1 degrees of freedom; four standard errors over 30 sets.

    The next term of the mean, (Σ 1/p − 1)/12N² (about K²/12N²), is 1e-4 here.
    """
    modes, n, sets = 1000, 26_000, 30
    law = torch.full((modes,), 1 / modes, dtype=torch.float64)
    found = []
    for seed in range(sets):
        metric = ModeCoverage(Given(law, judges_quality=False))
        metric.update(torch.randint(modes, (n,), generator=torch.Generator().manual_seed(seed)))
        found.append(float(metric.compute()["mode_kl"]))
    floor = (modes - 1) / (2 * n) + modes**2 / (12 * n**2)
    assert sum(found) / sets == pytest.approx(floor, abs=4 * math.sqrt(2 * (modes - 1) / sets) / (2 * n))


def test_suite_metric(make_subject: SubjectMaker, digits: Dataset) -> None:
    subject = make_subject(digits, lambda n, _: digits.train[:n], samples=200)
    figures = METRICS["mode_coverage"].measure(subject)
    shares = {f"mode_share_{digit}" for digit in range(10)}
    assert figures.keys() == {"modes_covered", "modes_total", "mode_n", "mode_kl"} | shares
    assert (figures["modes_covered"], figures["mode_n"]) == (10, 200)
    sha256 = load_classifier("digits", CPU).sha256
    assert METRICS["mode_coverage"].labels(subject) == {"mode_classifier": f"digits-classifier@{sha256[:12]}"}


def test_suite_metric_on_stacked_digits(
    make_subject: SubjectMaker, drawings: Tensor, stacked: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number of images of its own, whatever the suite says; fewer of them here, for the time they take."""
    sizes: list[int] = []

    def sample(n: int, generator: torch.Generator) -> Tensor:
        sizes.append(n)
        return stack(drawings, torch.randint(1000, (n,), generator=generator))

    assert IMAGES == {"stacked-mnist": 26_000}
    monkeypatch.setitem(IMAGES, "stacked-mnist", 260)
    subject = make_subject(stacked, sample, samples=77)
    figures = METRICS["mode_coverage"].measure(subject)
    assert sizes == [260]
    assert (figures["mode_n"], figures["modes_total"]) == (260, 1000)
    assert "mode_share_0" not in figures
    sha256 = load_classifier("mnist", CPU).sha256
    label = {"mode_classifier": f"stacked-mnist-classifier@{sha256[:12]}"}
    assert METRICS["mode_coverage"].labels(subject) == label


def test_other_images_have_no_modes(stacked: Dataset) -> None:
    assert make_assigner(replace(stacked, name="faces")) is None
    assert make_assigner(replace(stacked, class_weights=None)) is None
    assert make_assigner(replace(stacked, classes=None, class_weights=None)) is None


def test_refuses_bad_images_and_weights(digits: Dataset, stacked: Dataset) -> None:
    with pytest.raises(BenchError, match="expected \\(n, 1, 8, 8\\), as digits has it"):
        mode_coverage(torch.zeros(4, 1, 28, 28), digits)
    with pytest.raises(BenchError, match=r"shape \(4, 1, 28, 28\); expected \(n, 3, 28, 28\), each channel as mnist"):
        mode_coverage(torch.zeros(4, 1, 28, 28), stacked)
    with pytest.raises(BenchError, match="samples: 2352 of 2352 values are NaN"):
        mode_coverage(torch.full((1, 3, 28, 28), float("nan")), stacked)
    assert digits.test_labels is not None
    with pytest.raises(BenchError, match="classes of digits: weights of sum 1, 9 of 10 not positive"):
        mode_coverage(digits.test, replace(digits, test_labels=torch.zeros_like(digits.test_labels)))


@needs_mnist
@pytest.mark.slow
def test_real_stacked_digits_are_at_the_floor() -> None:
    """26,000 real triples: (K − 1)/2N = 0.0192, within four standard deviations of χ² and a term for misread digits."""
    data = load_dataset("stacked-mnist")
    figures = mode_coverage(data.test, data)
    assert (figures["modes_covered"], figures["mode_n"]) == (1000, 26_000)
    spread = 4 * math.sqrt(2 * 999) / (2 * 26_000)
    assert figures["mode_kl"] == pytest.approx(999 / 52_000, abs=spread + 5e-4)
