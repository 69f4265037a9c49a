"""The suite metric `divergences`: exact values beside the estimates, and the model's own divergence."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, MixtureSameFamily, Normal

from bench import exact_divergence
from bench.datasets.base import Dataset, fingerprint
from bench.divergences import DIVERGENCES, divergence
from bench.metrics import METRICS, Estimate, Subject

from .conftest import SubjectMaker


def gaussian(mean: float, scale: float, d: int = 1) -> Independent:
    return Independent(Normal(torch.full((d,), mean).double(), torch.full((d,), scale).double()), 1)


def two_modes(d: int = 1) -> MixtureSameFamily:
    centres = torch.tensor([-1.0, 2.0]).double()[:, None].expand(2, d)
    return MixtureSameFamily(
        Categorical(torch.tensor([0.3, 0.7]).double()), Independent(Normal(centres, torch.ones_like(centres)), 1)
    )


def known(make_subject: SubjectMaker, p: Distribution, q: Distribution, **evaluation: object) -> Subject:
    """A subject whose data has the law p and whose model the law q, 300 points each."""
    noise = torch.randn(3, 300, *p.event_shape, generator=torch.Generator().manual_seed(0))
    data = Dataset("known", *noise, fingerprint(noise), density=p)

    def sample(n: int, generator: torch.Generator) -> Tensor:
        return (q.mean + q.stddev * torch.randn(n, *q.event_shape, generator=generator).double()).float()

    return make_subject(data, sample, samples=300, law=q, **evaluation)


def exact_columns(figures: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if name.endswith("_exact")}


@pytest.fixture
def no_critics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the estimates out, which are tested elsewhere and take seconds."""

    def estimates(x: Tensor, y: Tensor, names: Sequence[str], seed: int, *, effort: str) -> dict[str, Estimate]:
        return {name: Estimate(0.5, None, len(x), len(y), "none", 1) for name in names}

    monkeypatch.setattr("bench.metrics.divergences.estimate_divergences", estimates)


def measure(subject: Subject) -> dict[str, float]:
    return METRICS["divergences"].measure(subject)


@pytest.mark.usefixtures("no_critics")
@pytest.mark.parametrize("p", [gaussian(0.0, 1.0), two_modes()], ids=["closed form", "quadrature"])
def test_exact_values_where_both_laws_are_known(make_subject: SubjectMaker, p: Distribution) -> None:
    q = gaussian(0.7, 1.2)
    figures = measure(known(make_subject, p, q))
    assert exact_columns(figures) == {f"div_{name}_exact": exact_divergence(name, p, q) for name in DIVERGENCES}


@pytest.mark.usefixtures("no_critics")
def test_data_is_p_and_the_model_is_q(make_subject: SubjectMaker) -> None:
    """KL(N(0, 1) ‖ N(1, 4)) = log 2 + (1 + 1)/8 − ½."""
    figures = measure(known(make_subject, gaussian(0.0, 1.0), gaussian(1.0, 2.0)))
    assert figures["div_kl_exact"] == pytest.approx(math.log(2) - 0.25, rel=1e-9)
    assert figures["div_reverse_kl_exact"] == pytest.approx(-math.log(2) + 2.5 - 0.5, rel=1e-9)


@pytest.mark.usefixtures("no_critics", "brief_noise_critics")
def test_no_exact_values_without_both_laws_or_with_noise(make_subject: SubjectMaker) -> None:
    laws = gaussian(0.0, 1.0), gaussian(0.5, 1.0)
    subject = known(make_subject, *laws)
    unknown_data = dataclasses.replace(subject.data, density=None)
    unknown = [dataclasses.replace(subject, law=None), dataclasses.replace(subject, data=unknown_data)]
    for subject in (*unknown, known(make_subject, *laws, spread=0.1)):
        assert exact_columns(measure(subject)) == {}


@pytest.mark.usefixtures("no_critics")
def test_values_that_are_not_exact_are_left_out(make_subject: SubjectMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four dimensions are beyond quadrature: Gaussians keep their closed forms, mixtures have none."""
    few = {name: divergence(name) for name in ("kl", "js")}
    monkeypatch.setattr("bench.metrics.divergence_figures.DIVERGENCES", few)
    scales = torch.tensor([0.7, 0.9, 1.1, 1.3]).double()
    q = Independent(Normal(scales - 1, scales), 1)
    closed = exact_columns(measure(known(make_subject, gaussian(0.0, 1.0, 4), q)))
    assert closed == {"div_kl_exact": exact_divergence("kl", gaussian(0.0, 1.0, 4), q)}
    assert exact_columns(measure(known(make_subject, two_modes(4), q))) == {}


@pytest.mark.usefixtures("no_critics")
def test_infinite_divergences_are_figures(make_subject: SubjectMaker) -> None:
    """∫ p²/q = ∞ where the variance of p is at least twice that of q."""
    figures = measure(known(make_subject, gaussian(0.0, 1.5), gaussian(0.0, 1.0)))
    assert figures["div_pearson_exact"] == math.inf
    assert math.isfinite(figures["div_kl_exact"])


@pytest.mark.usefixtures("no_critics")
def test_an_estimate_without_a_standard_error_has_no_such_column(make_subject: SubjectMaker) -> None:
    figures = measure(known(make_subject, gaussian(0.0, 1.0), gaussian(0.5, 1.0)))
    assert figures["div_kl"] == 0.5
    assert "div_kl_se" not in figures


def test_the_models_own_divergence_is_among_the_estimates(make_subject: SubjectMaker) -> None:
    laws = gaussian(0.0, 1.0), gaussian(0.5, 1.0)
    plain = known(make_subject, *laws)
    own = measure(dataclasses.replace(known(make_subject, *laws, divergences=("kl",)), trained_on="alpha(0.3)"))
    without = measure(plain)
    assert {name: own[name] for name in without} == without  # the others' figures are as they were
    added = set(own) - set(without)
    assert added == {f"div_alpha(0.3){end}" for end in ("", "_se", "_growth", "_reach", "_exact")}
    # ∫ p^a q^(1−a) = exp(−½ a(1 − a) Δ²) for equal variances
    expected = math.expm1(-0.5 * 0.21 * 0.25) / (0.3 * -0.7)
    assert own["div_alpha(0.3)_exact"] == pytest.approx(expected, rel=1e-9)
