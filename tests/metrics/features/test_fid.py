"""The suite's FID: what it compares, how many, and with what."""

from __future__ import annotations

import pytest
import torch

from bench.datasets.base import Dataset, load_dataset
from bench.metrics import METRICS, extractor_for, frechet_distance
from tests.metrics.conftest import Sampler, SubjectMaker


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def test_of_the_test_split_itself_is_zero(make_subject: SubjectMaker, points: Dataset) -> None:
    figures = METRICS["fid"].measure(make_subject(points, lambda n, _: points.test[:n]))
    assert figures["fid"] == pytest.approx(0, abs=1e-12)
    assert figures["fid_n"] == 300


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
