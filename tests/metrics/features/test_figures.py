"""The suite's metrics in feature space: one pass, the right examples, all columns and labels, and no old trap."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from bench.datasets.base import Dataset, load_dataset
from bench.errors import BenchError
from bench.metrics import METRICS, Extractor, Subject, extractor_for
from bench.metrics.checks import choose_reference_subset
from bench.metrics.features import (
    EXTRACTORS,
    ExtractorRule,
    density_coverage,
    frechet_distance,
    frechet_infinity,
    kernel_distance,
    precision_recall,
)
from bench.metrics.features.reference import forget
from tests.metrics.conftest import Sampler, SubjectMaker

NAMES = ("fid", "kid", "precision", "recall", "density", "coverage")
COLUMNS = {
    "fid": {"fid", "fid_n", "fid_infinity", "fid_infinity_se"},
    "kid": {"kid", "kid_se", "kid_n"},
    **{name: {name, f"{name}_n"} for name in NAMES[2:]},
}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def noise(n: int, generator: torch.Generator) -> Tensor:
    return torch.rand(n, 1, 8, 8, generator=generator)


def figures_of(subject: Subject) -> dict[str, float]:
    return {column: value for name in NAMES for column, value in METRICS[name].measure(subject).items()}


@pytest.mark.parametrize("name", NAMES)
def test_columns(make_subject: SubjectMaker, digits: Dataset, name: str) -> None:
    assert METRICS[name].measure(make_subject(digits, noise)).keys() == COLUMNS[name]


def test_figures_are_those_of_the_public_functions(make_subject: SubjectMaker, digits: Dataset) -> None:
    """On a fixed part of the test split against as many examples from the stream "features"."""
    subject = make_subject(digits, noise, samples=300)
    extractor = extractor_for(digits)
    assert extractor is not None
    x = extractor(digits.test)[choose_reference_subset(len(digits.test), 300)]
    y = extractor(noise(300, subject.stream("features")))
    limit, kernel = frechet_infinity(x, y), kernel_distance(x, y)
    expected = {
        "fid": frechet_distance(x, y),
        "fid_infinity": limit.value,
        "fid_infinity_se": limit.stderr,
        "kid": kernel.value,
        "kid_se": kernel.stderr,
        **precision_recall(x, y),
        **density_coverage(x, y),
        **{f"{name}_n": 300.0 for name in NAMES},
    }
    assert figures_of(subject) == pytest.approx(expected, rel=1e-9)


def test_samples_are_drawn_and_embedded_once(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    drawn: list[int] = []
    subject = make_subject(points, lambda n, g: (drawn.append(n), normal(n, g))[1])
    figures_of(subject)
    assert drawn == [300]


@pytest.mark.parametrize("name", NAMES)
def test_labels_say_what_the_features_are(make_subject: SubjectMaker, digits: Dataset, name: str) -> None:
    extractor = extractor_for(digits)
    assert extractor is not None
    assert METRICS[name].labels(make_subject(digits, noise)) == {
        "feature_extractor": extractor.label,
        "feature_size": "64",
        "feature_rule": "as they are",
        "feature_split": "test",
    }


@pytest.mark.usefixtures("own_registry")
def test_the_subjects_extractor_is_used(make_subject: SubjectMaker, digits: Dataset) -> None:
    pooled = Extractor("pooled", "f" * 64, lambda x: x.mean((2, 3)), 1, chunk=100, rule="mean over pixels")
    EXTRACTORS.add("pooled", ExtractorRule(lambda _: False, lambda _: pooled))
    subject = make_subject(digits, noise, extractor="pooled")
    means = [images.double().mean((2, 3)) for images in (digits.test, noise(500, subject.stream("features")))]
    assert METRICS["fid"].measure(subject)["fid"] == pytest.approx(frechet_distance(*means), rel=1e-5)
    labels = METRICS["kid"].labels(subject)
    assert labels["feature_extractor"] == "pooled@ffffffffffff"
    assert (labels["feature_size"], labels["feature_rule"]) == ("1", "mean over pixels")


def test_the_size_of_points_is_their_own(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    assert METRICS["fid"].labels(make_subject(points, normal))["feature_size"] == "2"


@pytest.mark.parametrize("name", NAMES)
def test_absent_without_an_extractor(make_subject: SubjectMaker, name: str) -> None:
    faces = Dataset("faces", *torch.rand(3, 4, 3, 8, 8), "0" * 64)
    subject = make_subject(faces, lambda n, _: torch.zeros(n, 3, 8, 8))
    assert METRICS[name].measure(subject) == METRICS[name].labels(subject) == {}


@pytest.mark.parametrize("name", NAMES)
def test_refuses_too_few(make_subject: SubjectMaker, points: Dataset, normal: Sampler, name: str) -> None:
    with pytest.raises(BenchError, match=f"{name}: 1 examples of each side; expected at least"):
        METRICS[name].measure(make_subject(points, normal, samples=1))


@pytest.mark.parametrize("name", NAMES)
def test_refuses_samples_that_are_not_finite(make_subject: SubjectMaker, points: Dataset, name: str) -> None:
    with pytest.raises(BenchError, match="samples: 600 of 600 values are NaN or infinite"):
        METRICS[name].measure(make_subject(points, lambda n, _: torch.full((n, 2), float("nan"))))


def test_fid_infinity_is_left_out_where_n_is_too_small(make_subject: SubjectMaker, digits: Dataset) -> None:
    assert METRICS["fid"].measure(make_subject(digits, noise, samples=134)).keys() == {"fid", "fid_n"}
    assert METRICS["fid"].measure(make_subject(digits, noise, samples=135)).keys() == COLUMNS["fid"]


def test_real_against_real_is_what_theory_says(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    """Standard normal points against the standard normal law: over 60 draws of both sides, means without bias.

    Tolerance: four standard errors of these means.
    """
    subjects = []
    for seed in range(60):
        test = torch.randn(300, 2, generator=torch.Generator().manual_seed(seed))
        data = dataclasses.replace(points, test=test, fingerprint=str(seed))
        subject = make_subject(data, lambda n, _, s=seed: normal(n, torch.Generator().manual_seed(10**6 + s)))
        subjects.append(figures_of(subject))
    exact = {"fid_infinity": 0.0, "kid": 0.0, "density": 1.0, "coverage": 1 - 299 * 298 * 297 * 296 * 295 / (
        599 * 598 * 597 * 596 * 595)}  # fmt: skip
    for column, value in exact.items():
        values = torch.tensor([figures[column] for figures in subjects], dtype=torch.float64)
        assert abs(float(values.mean()) - value) < 4 * float(values.std()) / 60**0.5, column


class Standardised(nn.Module):
    """The trap: features relative to the batch's own extremes."""

    def forward(self, x: Tensor) -> Tensor:
        return (x - x.amin()) / (x.amax() - x.amin())


def test_features_do_not_depend_on_the_batch(digits: Dataset) -> None:
    """Neither on its size nor on what else is in it; the check itself catches a network that does."""

    def depends(extractor: Extractor) -> bool:
        alone = extractor(digits.test[:5])
        beside = extractor(torch.cat([digits.test[:5], 50 * torch.ones(40, 1, 8, 8)]))[:5]
        return not torch.allclose(alone, beside, rtol=1e-4, atol=1e-4)

    own = extractor_for(digits)
    assert own is not None
    trap = Extractor("trap", "hash", lambda x: Standardised()(x).flatten(1), 64)
    assert not depends(own)
    assert depends(trap)


def test_values_are_not_truncated_to_bytes(make_subject: SubjectMaker, digits: Dataset) -> None:
    """A change of every pixel by a tenth of a grey level is seen by every metric that is continuous."""
    shift = 0.1 / 255

    def figures(offset: float) -> dict[str, float]:
        return figures_of(make_subject(digits, lambda n, g: 0.5 * noise(n, g) + offset))

    plain, moved = figures(0.25), figures(0.25 + shift)
    for column in ("fid", "kid"):
        assert moved[column] != plain[column]
        assert moved[column] == pytest.approx(plain[column], rel=0.02)


def test_samples_are_not_stretched_to_the_full_range(make_subject: SubjectMaker, digits: Dataset) -> None:
    """A model whose images are too faint is told from one whose images are not."""
    real = figures_of(make_subject(digits, lambda n, _: digits.train[:n]))
    faint = figures_of(make_subject(digits, lambda n, _: 0.3 * digits.train[:n]))
    assert faint["fid"] > 5 * real["fid"]
    assert faint["precision"] < real["precision"]


def test_the_global_random_state_plays_no_part(make_subject: SubjectMaker, digits: Dataset) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = figures_of(make_subject(digits, noise, samples=300))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    forget()
    assert figures_of(make_subject(digits, noise, samples=300)) == first


@pytest.mark.parametrize("name", NAMES)
def test_figures_do_not_depend_on_which_others_are_measured(
    make_subject: SubjectMaker, digits: Dataset, name: str
) -> None:
    together = figures_of(make_subject(digits, noise))
    forget()
    alone = METRICS[name].measure(make_subject(digits, noise))
    assert alone == {column: together[column] for column in alone}
