"""Every protocol on every device that there is: the same figures as on the CPU."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from bench.datasets import Dataset, load_dataset
from bench.metrics import METRICS, Subject
from bench.models import METHODS, GenerativeModel
from bench.spec import EvaluationSettings

DEVICES = [
    torch.device("cpu"),
    pytest.param(torch.device("cuda"), marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")),
]
OF_SAMPLES = [
    "coverage", "density", "fid", "kde_log_likelihood", "kid", "mmd", "mode_coverage", "parzen_log_likelihood",
    "precision", "recall",
]  # fmt: skip
"""Functions of given samples: the same on all devices, up to rounding in features and distances of float32."""
OF_NOISE = ["divergence_curve", "divergences", "elbo", "feature_divergences", "log_likelihood_iw"]
"""With random numbers of the device's own generator: the same up to their standard errors."""


def vae(shape: tuple[int, ...]) -> GenerativeModel:
    family = METHODS["vae"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = {"latent": 2, "encoder": [8], "decoder": [8]}
        return family.build(family.settings.model_validate({"family": "vae", "network": network}), shape)


def subject(name: str, device: torch.device) -> Subject:
    whole = load_dataset(name)
    small: Dataset = dataclasses.replace(whole, test=whole.test[:400], validation=whole.validation[:200])
    drawn = 0.9 * whole.train[:400] + 0.05
    model = vae(whole.shape).eval().requires_grad_(False).to(device)

    def sample(n: int, generator: torch.Generator) -> Tensor:
        return drawn.repeat(-(-n // len(drawn)), *[1] * len(whole.shape))[:n].to(device)

    def stream(name: str) -> torch.Generator:
        return torch.Generator(device).manual_seed(len(name))

    settings = EvaluationSettings(samples=400, spread=0.1, importance_samples=7)
    return Subject(model, small.to(device), sample, stream, settings)


@pytest.fixture(params=["ring", "digits"])
def on_cpu(request: pytest.FixtureRequest) -> Callable[[str], dict[str, float]]:
    measured = subject(request.param, torch.device("cpu"))
    return lambda metric: METRICS[metric].measure(measured)


@pytest.fixture
def dataset(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["on_cpu"])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("metric", OF_SAMPLES)
def test_figures_of_samples(
    on_cpu: Callable[[str], dict[str, float]], dataset: str, metric: str, device: torch.device
) -> None:
    found = METRICS[metric].measure(subject(dataset, device))
    assert found == pytest.approx(on_cpu(metric), rel=2e-3, abs=2e-3)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("metric", OF_NOISE)
def test_figures_of_noise(
    on_cpu: Callable[[str], dict[str, float]], dataset: str, metric: str, device: torch.device
) -> None:
    found, expected = METRICS[metric].measure(subject(dataset, device)), on_cpu(metric)
    assert found.keys() == expected.keys()
    for column in [name for name in found if f"{name}_se" in found]:
        both = (found[f"{column}_se"] ** 2 + expected[f"{column}_se"] ** 2) ** 0.5
        assert abs(found[column] - expected[column]) <= 5 * both + 1e-6 * abs(expected[column])
