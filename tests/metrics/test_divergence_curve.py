"""The suite metrics on images: divergences under noise, as a curve and between features."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from bench.datasets.base import Dataset, fingerprint, load_dataset
from bench.errors import ArgumentError
from bench.metrics import METRICS, Subject
from bench.metrics.base import CURVE_SPREADS
from bench.spec import EvaluationSettings

from .conftest import SubjectMaker

pytestmark = pytest.mark.usefixtures("brief_noise_critics")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    data = load_dataset("digits")
    return dataclasses.replace(data, test=data.test[:200])


def blur(data: Dataset) -> Tensor:
    return data.train[:300] * 0.8


def subject_of(make_subject: SubjectMaker, data: Dataset, **evaluation: object) -> Subject:
    return make_subject(data, lambda n, _: blur(data)[:n], **{"samples": 200, "spread": None, **evaluation})


def test_the_curve_has_the_default_levels_and_the_headline_divergences(
    make_subject: SubjectMaker, digits: Dataset
) -> None:
    figures = METRICS["divergence_curve"].measure(subject_of(make_subject, digits))
    expected = {f"div_{name}@s={s:g}" for name in ("kl", "reverse_kl", "js") for s in CURVE_SPREADS}
    companions = {f"{name}{end}" for name in expected for end in ("_se", "_reach")}
    assert figures.keys() == expected | companions | {"divergence_curve_n"}
    assert figures["divergence_curve_n"] == 200


@pytest.mark.parametrize(("shape", "spread"), [((1, 28, 28), 1.4), ((1, 8, 8), 0.4), ((3, 28, 28), 1.4 * 3**0.5)])
def test_the_noise_of_tables_grows_with_the_size_of_images(
    make_subject: SubjectMaker, shape: tuple[int, ...], spread: float
) -> None:
    splits = torch.zeros(3, 10, *shape)
    subject = make_subject(Dataset("grey", *splits, fingerprint(splits)), lambda n, _: splits[0, :n], spread=None)
    assert subject.spread == pytest.approx(spread, rel=1e-12)
    assert dataclasses.replace(subject, evaluation=EvaluationSettings(spread=0.1)).spread == 0.1


def test_levels_and_divergences_can_be_asked_for(make_subject: SubjectMaker, digits: Dataset) -> None:
    subject = subject_of(make_subject, digits, spreads=(0.25, 0.1), divergences=("gan",))
    subject = dataclasses.replace(subject, trained_on="alpha(0.3)")
    figures = METRICS["divergence_curve"].measure(subject)
    assert {"div_gan@s=0.1", "div_alpha(0.3)@s=0.25"} <= figures.keys()
    assert "div_js@s=0.5" not in figures


def test_the_tables_estimates_are_a_point_of_the_curve(make_subject: SubjectMaker, digits: Dataset) -> None:
    """And do not depend on whether the curve is measured too."""
    subject = subject_of(make_subject, digits, spread=0.5)
    curve, plain = (METRICS[name].measure(subject) for name in ("divergence_curve", "divergences"))
    alone = METRICS["divergences"].measure(dataclasses.replace(subject))
    assert alone == plain
    for name in ("kl", "reverse_kl", "js"):
        for end in ("", "_se", "_reach"):
            assert plain[f"div_{name}{end}"] == curve[f"div_{name}@s=0.5{end}"]
    assert plain["divergence_spread"] == 0.5


def test_points_have_no_curve_unless_levels_are_given(make_subject: SubjectMaker, points: Dataset) -> None:
    def sample(n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, 2, generator=generator)

    plain = make_subject(points, sample, samples=200, spread=None)
    assert plain.spread == 0.0
    assert METRICS["divergence_curve"].measure(plain) == {}
    asked = make_subject(points, sample, samples=200, spreads=(0.5,))
    assert "div_kl@s=0.5" in METRICS["divergence_curve"].measure(asked)


def test_divergences_between_features(make_subject: SubjectMaker, digits: Dataset) -> None:
    subject = subject_of(make_subject, digits)
    entry = METRICS["feature_divergences"]
    figures, labels = entry.measure(subject), entry.labels(subject)
    assert {"div_kl@features", "div_kl@features_se", "div_kl@features_reach"} <= figures.keys()
    assert figures["feature_divergence_n"] == 200
    assert figures["feature_divergence_spread"] >= 0
    assert labels == METRICS["fid"].labels(subject)
    assert entry.measure(dataclasses.replace(subject)) == figures


def test_coordinates_are_no_features_of_their_own(make_subject: SubjectMaker, points: Dataset) -> None:
    subject = make_subject(points, lambda n, g: torch.randn(n, 2, generator=g), samples=200)
    assert METRICS["feature_divergences"].measure(subject) == {}


def test_too_few_examples_are_refused(make_subject: SubjectMaker, digits: Dataset) -> None:
    with pytest.raises(ArgumentError, match="expected at least 100"):
        METRICS["feature_divergences"].measure(subject_of(make_subject, digits, samples=99))
    with pytest.raises(ArgumentError, match="expected at least 100"):
        METRICS["divergence_curve"].measure(subject_of(make_subject, digits, samples=99))
