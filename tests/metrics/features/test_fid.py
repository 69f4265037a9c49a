"""The suite's FID: what it compares, how many, and with what."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from bench.datasets.base import Dataset, load_dataset
from bench.errors import BenchError
from bench.metrics import METRICS, extractor_for, frechet_distance
from tests.metrics.conftest import Sampler, SubjectMaker


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def test_of_the_test_split_itself_is_zero(make_subject: SubjectMaker, points: Dataset) -> None:
    figures = METRICS["fid"].measure(make_subject(points, lambda n, _: points.test[:n]))
    assert figures == pytest.approx({"fid": 0, "fid_n": 300}, abs=1e-12)


def test_of_a_translation_is_its_square(make_subject: SubjectMaker, points: Dataset) -> None:
    subject = make_subject(points, lambda n, _: points.test[:n] + torch.tensor([3.0, 4.0]))
    assert METRICS["fid"].measure(subject)["fid"] == pytest.approx(25, rel=1e-5)


def test_takes_as_many_of_each_side(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    few, many = (METRICS["fid"].measure(make_subject(points, normal, samples=n)) for n in (50, 10_000))
    assert (few["fid_n"], many["fid_n"]) == (50, 300)


def test_uses_the_classifiers_features_and_tells_noise_from_images(make_subject: SubjectMaker, digits: Dataset) -> None:
    """Noise with the images' own pixel statistics is further from the test split than training images are."""
    mean, std = digits.train.mean(0), digits.train.std(0)
    real = METRICS["fid"].measure(make_subject(digits, lambda n, _: digits.train[:n], samples=500))
    noise = METRICS["fid"].measure(
        make_subject(digits, lambda n, g: mean + std * torch.randn(n, 1, 8, 8, generator=g), samples=500)
    )
    extractor = extractor_for(digits)
    assert extractor is not None
    assert real["fid"] == pytest.approx(frechet_distance(extractor(digits.test), extractor(digits.train[:500])))
    assert real["fid_n"] == 500
    assert noise["fid"] > 5 * real["fid"]
    assert METRICS["fid"].labels(make_subject(digits, lambda n, _: digits.train[:n])) == {
        "feature_extractor": extractor.label
    }


def test_is_absent_without_an_extractor(make_subject: SubjectMaker) -> None:
    faces = Dataset("faces", *torch.rand(3, 4, 3, 8, 8), "0" * 64)
    subject = make_subject(faces, lambda n, _: torch.zeros(n, 3, 8, 8))
    assert METRICS["fid"].measure(subject) == METRICS["fid"].labels(subject) == {}


def test_refuses_samples_that_are_not_finite(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    with pytest.raises(BenchError, match="samples: 600 of 600 values are NaN or infinite"):
        METRICS["fid"].measure(make_subject(points, lambda n, _: torch.full((n, 2), float("inf"))))
    one = dataclasses.replace(points, test=points.test[:1], fingerprint="one point")
    with pytest.raises(BenchError, match="expected at least 2"):
        METRICS["fid"].measure(make_subject(one, normal))
