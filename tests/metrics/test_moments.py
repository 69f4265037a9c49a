"""Mean and standard deviation of what a model generates."""

from __future__ import annotations

import pytest
import torch

from bench.datasets.base import Dataset
from bench.errors import BenchError
from bench.metrics import METRICS

from .conftest import Sampler, SubjectMaker


def test_moments_of_a_known_sample(make_subject: SubjectMaker, line: Dataset) -> None:
    subject = make_subject(line, lambda n, _: torch.arange(n, dtype=torch.float32).unsqueeze(1), samples=5)
    figures = METRICS["moments"].measure(subject)
    assert figures == pytest.approx({"generator_mean": 2.0, "generator_std": 2.5**0.5}, rel=1e-12)


def test_moments_of_a_normal_sampler(make_subject: SubjectMaker, line: Dataset) -> None:
    """Five standard errors: σ/√n for the mean, σ/√(2n) for the standard deviation."""
    subject = make_subject(line, lambda n, g: 3 + 2 * torch.randn(n, 1, generator=g), samples=40_000)
    figures = METRICS["moments"].measure(subject)
    assert figures["generator_mean"] == pytest.approx(3, abs=5 * 0.01)
    assert figures["generator_std"] == pytest.approx(2, abs=5 * 0.0071)


def test_one_sample_has_no_standard_deviation(make_subject: SubjectMaker, line: Dataset) -> None:
    subject = make_subject(line, lambda n, _: torch.ones(n, 1), samples=1)
    assert METRICS["moments"].measure(subject) == {"generator_mean": 1.0}


def test_are_absent_in_the_plane(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    assert METRICS["moments"].measure(make_subject(points, normal)) == {}


def test_refuse_samples_that_are_not_finite_or_of_another_shape(make_subject: SubjectMaker, line: Dataset) -> None:
    with pytest.raises(BenchError, match="samples: 1000 of 1000 values"):
        METRICS["moments"].measure(make_subject(line, lambda n, _: torch.full((n, 1), float("nan"))))
    with pytest.raises(BenchError, match="expected \\(1000, 1\\), as line has it"):
        METRICS["moments"].measure(make_subject(line, lambda n, _: torch.zeros(n, 2)))
