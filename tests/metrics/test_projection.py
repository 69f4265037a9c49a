"""Nearest normal laws: against published exact optima, the moments of the data, and a law that is normal itself."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Distribution, Exponential, Independent, MultivariateNormal, Normal

import bench
from bench.datasets import Dataset, load_dataset
from bench.errors import BenchError
from bench.metrics import METRICS, project_on_normal

from .conftest import Sampler, SubjectMaker

TABLE_F = {
    "kl": (0.28809, 1.0100, 1.8304),
    "reverse_kl": (0.25067, 1.5841, 1.6294),
    "js": (0.12983, 1.3125, 1.7525),
    "squared_hellinger": (0.13658, 1.3175, 1.7316),
    "alpha(-0.5)": (0.22474, 1.7449, 1.5587),
    "alpha(-1)": (0.20360, 1.8286, 1.5171),
    "alpha(0.9)": (0.28535, 1.0694, 1.8132),
    "neyman": (0.40719, 1.8286, 1.5171),
    "pearson": (0.66162, 0.5663, 1.9268),
}
"""D*, μ*, σ* of P = 0.33 N(−1, 1/16) + 0.67 N(2, 2), by another quadrature, to the digits given."""


@pytest.fixture(scope="module")
def mixture() -> Dataset:
    return load_dataset("mixture", variances=(0.0625, 2.0))


@pytest.mark.parametrize("name", TABLE_F)
def test_optima_of_the_mixture(name: str, mixture: Dataset) -> None:
    assert mixture.density is not None
    found = project_on_normal(name, mixture.density, (1.0, 1.9))
    value, mean, std = TABLE_F[name]
    assert (found.value, found.mean, found.std) == (
        pytest.approx(value, abs=6e-6), pytest.approx(mean, abs=6e-5), pytest.approx(std, abs=6e-5),
    )  # fmt: skip


def test_kl_keeps_the_moments(mixture: Dataset) -> None:
    """M-projection on an exponential family: the moments of the data (Ryu 2025, sec. 1)."""
    found = project_on_normal("kl", mixture.density, (0.0, 1.0))  # type: ignore[arg-type]
    mean = 0.33 * -1 + 0.67 * 2
    second = 0.33 * (1 + 0.0625) + 0.67 * (4 + 2)
    assert found.mean == pytest.approx(mean, abs=1e-5)
    assert found.std == pytest.approx(math.sqrt(second - mean**2), abs=1e-5)


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["kl", "reverse_kl", "js", "jeffreys", "squared_hellinger"]), st.floats(-2, 2), st.floats(0.5, 2)
)
def test_a_normal_law_is_its_own(name: str, mean: float, std: float) -> None:
    law = Normal(torch.tensor(mean).double(), torch.tensor(std).double())
    found = project_on_normal(name, law, (0.3, 1.2))
    assert (found.mean, found.std) == (pytest.approx(mean, abs=1e-4), pytest.approx(std, abs=1e-4))
    assert found.value == pytest.approx(0, abs=1e-8)


def test_what_is_refused(mixture: Dataset) -> None:
    plane = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
    with pytest.raises(BenchError, match=r"found a law with event shape \(2,\); expected one on the line"):
        project_on_normal("kl", plane)
    with pytest.raises(BenchError, match="unknown divergence"):
        project_on_normal("kll", plane.base_dist)
    with pytest.raises(BenchError, match=r"reverse_kl is infinite at N\(0, 1²\); start the search elsewhere"):
        project_on_normal("reverse_kl", Exponential(torch.tensor(1.0)))


def measure(
    make_subject: SubjectMaker, data: Dataset, sample: Sampler, law: Distribution | None, trained_on: str | None
) -> Mapping[str, float]:
    return METRICS["projection"].measure(make_subject(data, sample, law=law, trained_on=trained_on))


def test_a_trained_law_beside_the_optimum(make_subject: SubjectMaker, mixture: Dataset, normal: Sampler) -> None:
    law = MultivariateNormal(torch.tensor([1.2]).double(), torch.tensor([[4.0]]).double())
    figures = measure(make_subject, mixture, normal, law, "js")
    value, mean, std = TABLE_F["js"]
    exact = float(bench.exact_divergence("js", mixture.density, law))  # type: ignore[arg-type]
    assert figures["mean_from_optimum"] == pytest.approx(1.2 - mean, abs=6e-5)
    assert figures["std_from_optimum"] == pytest.approx(2 - std, abs=6e-5)
    assert figures["excess_divergence"] == pytest.approx(exact - value, abs=6e-6)
    assert figures["optimum_divergence"] == pytest.approx(value, abs=6e-6)


def test_nothing_where_there_is_no_such_law(
    make_subject: SubjectMaker, mixture: Dataset, points: Dataset, normal: Sampler
) -> None:
    law = MultivariateNormal(torch.tensor([1.2]).double(), torch.tensor([[4.0]]).double())
    assert measure(make_subject, mixture, normal, None, "js") == {}
    assert measure(make_subject, mixture, normal, law, None) == {}
    assert measure(make_subject, points, normal, law, "js") == {}
