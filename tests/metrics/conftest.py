"""A made-up subject and small datasets to measure it on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from bench.datasets.base import Dataset, fingerprint
from bench.metrics.base import Subject
from bench.metrics.estimation.noise.training import Effort
from bench.spec import EvaluationSettings

Sampler = Callable[[int, torch.Generator], Tensor]
SubjectMaker = Callable[..., Subject]


def stream_of(name: str) -> torch.Generator:
    """A generator that is a function of the name alone."""
    return torch.Generator().manual_seed(int(hashlib.sha256(name.encode()).hexdigest()[:15], 16))


@pytest.fixture
def brief_noise_critics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise-conditioned critics that are trained for few steps: for tests of everything but their quality."""
    monkeypatch.setattr("bench.metrics.estimation.noise.fit.DEFAULT", Effort(width=16, steps=20, checks=1))


@pytest.fixture
def make_subject() -> SubjectMaker:
    """From data, a sampler and perhaps a model to a `Subject`."""

    def make(
        data: Dataset,
        sample: Sampler,
        *,
        model: nn.Module | None = None,
        training: Mapping[str, float] | None = None,
        law: Distribution | None = None,
        trained_on: str | None = None,
        **evaluation: Any,
    ) -> Subject:
        settings = EvaluationSettings(**{"samples": 1000, "spread": 0.0, **evaluation})
        return Subject(model or nn.Identity(), data, sample, stream_of, settings, training or {}, law, trained_on)

    return make


@pytest.fixture
def points() -> Dataset:
    """Standard normal points in the plane, 300 in each split."""
    splits = torch.randn(3, 300, 2, generator=torch.Generator().manual_seed(5))
    return Dataset("points", *splits, fingerprint(splits))


@pytest.fixture
def line() -> Dataset:
    """Standard normal points on the line, 300 in each split."""
    splits = torch.randn(3, 300, 1, generator=torch.Generator().manual_seed(6))
    return Dataset("line", *splits, fingerprint(splits))


@pytest.fixture
def normal() -> Sampler:
    """A model that samples the standard normal distribution in the plane."""
    return lambda n, generator: torch.randn(n, 2, generator=generator)
