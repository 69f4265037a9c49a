"""What all suite metrics share: determinism, and hands off the global random state."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from bench.datasets.base import Dataset, load_dataset
from bench.divergences import DIVERGENCES, divergence
from bench.metrics import EXTRACTORS, METRICS, ExtractorRule, Subject
from bench.registry import SOURCE
from tests.registries import restored

from .conftest import SubjectMaker

NAMES = [
    "coverage",
    "density",
    "elbo",
    "fid",
    "kde_log_likelihood",
    "kid",
    "log_likelihood_iw",
    "mmd",
    "mode_coverage",
    "moments",
    "parzen_log_likelihood",
    "precision",
    "recall",
]


class Coder(nn.Module):
    """The least that has an ELBO."""

    latent_dim = 2

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        return -(x - noise.sum(1, keepdim=True)).square().flatten(1).sum(1), noise.square().sum(1)

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        return -(x - noise.sum(2, keepdim=True)).square().sum(2)


@pytest.fixture
def subject(make_subject: SubjectMaker) -> Subject:
    """A subject that every protocol applies to: points on a line, with modes and a likelihood."""
    data = load_dataset("mixture")
    small: Dataset = dataclasses.replace(data, test=data.test[:400], validation=data.validation[:200])
    return make_subject(small, lambda n, g: torch.randn(n, 1, generator=g), samples=300, model=Coder())


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_a_function_of_the_stream(subject: Subject, name: str) -> None:
    torch.manual_seed(1)
    first = METRICS[name].measure(subject)
    torch.manual_seed(2)
    assert first
    afresh = dataclasses.replace(subject)  # nothing shared with the first measurement
    assert METRICS[name].measure(afresh) == first


@pytest.mark.parametrize("name", NAMES)
def test_the_global_random_state_is_left_alone(subject: Subject, name: str) -> None:
    before = torch.get_rng_state()
    METRICS[name].measure(subject)
    METRICS[name].labels(subject)
    torch.testing.assert_close(torch.get_rng_state(), before, rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_finite_numbers(subject: Subject, name: str) -> None:
    figures = METRICS[name].measure(subject)
    assert all(isinstance(value, float) and torch.isfinite(torch.tensor(value)) for value in figures.values())


PLUGIN = "bench_plugin_made_up"


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A plugin file's module, which says which text it was made from."""
    module = ModuleType(PLUGIN)
    setattr(module, SOURCE, "3fa9c1d2aaaa")
    monkeypatch.setitem(sys.modules, PLUGIN, module)
    with restored():
        yield module


def test_a_plugins_divergence_is_part_of_the_protocol(plugin: ModuleType) -> None:
    """`divergences` estimates whatever is registered, so an edited divergence makes another protocol."""
    shipped = METRICS["divergences"].label
    DIVERGENCES.add("twisted", dataclasses.replace(divergence("kl"), name="twisted"), PLUGIN)
    assert METRICS["divergences"].label == f"{shipped}+twisted@3fa9c1d2"
    setattr(plugin, SOURCE, "77777777bbbb")
    assert METRICS["divergences"].label == f"{shipped}+twisted@77777777"
    assert METRICS["moments"].label == "moments/1"


@pytest.mark.parametrize("name", ["fid", "kid", "precision", "recall", "density", "coverage"])
def test_a_plugins_extractor_is_part_of_the_protocol(plugin: ModuleType, name: str) -> None:
    shipped = METRICS[name].label
    assert "+" not in shipped
    EXTRACTORS.add("mine", ExtractorRule(lambda _: False, EXTRACTORS["identity"].build), PLUGIN)
    assert METRICS[name].label == f"{shipped}+mine@3fa9c1d2"
