"""ELBO: against a model whose terms and exact likelihood are known."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from bench.datasets.base import Dataset
from bench.errors import BenchError
from bench.metrics import ELBO, METRICS, HasLikelihood, Subject, evaluate_elbo
from tests.metrics.conftest import Sampler, SubjectMaker


class LinearGaussian(nn.Module):
    """p(z) = N(0, I), p(x|z) = N(Wz, s²I) with its exact posterior, or that posterior moved by `shift`."""

    latent_dim = 3

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.loading = torch.tensor([[1.0, 0.2, 0.0], [0.3, -0.5, 1.0]])
        self.noise, self.shift = 0.5, shift
        precision = torch.eye(3) + self.loading.T @ self.loading / self.noise**2
        self.covariance = torch.linalg.inv(precision)

    def posterior(self, x: Tensor) -> MultivariateNormal:
        """q(z|x)."""
        return MultivariateNormal(x @ self.loading @ self.covariance / self.noise**2 + self.shift, self.covariance)

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction and KL of each example."""
        posterior = self.posterior(x)
        z = posterior.mean + noise @ posterior.scale_tril[0].T
        reconstruction = Normal(z @ self.loading.T, self.noise).log_prob(x).sum(1)
        return reconstruction, kl_divergence(posterior, MultivariateNormal(torch.zeros(3), torch.eye(3)))

    def log_likelihood(self, x: Tensor) -> Tensor:
        """Exact log p(x)."""
        return MultivariateNormal(
            torch.zeros(2), self.loading @ self.loading.T + self.noise**2 * torch.eye(2)
        ).log_prob(x)


@pytest.fixture
def big(points: Dataset) -> Dataset:
    """The points, with a test split of 20,000."""
    test = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(1))
    return dataclasses.replace(points, test=test)


def measure(make_subject: SubjectMaker, data: Dataset, normal: Sampler, shift: float) -> dict[str, float]:
    return METRICS["elbo"].measure(make_subject(data, normal, model=LinearGaussian(shift)))


def test_equals_the_exact_likelihood_for_the_exact_posterior(
    make_subject: SubjectMaker, big: Dataset, normal: Sampler
) -> None:
    """E_q[log p(x|z)] − KL = log p(x) for q = p(z|x); four standard errors for the noise in z."""
    figures = measure(make_subject, big, normal, 0.0)
    exact = float(LinearGaussian().log_likelihood(big.test).mean())
    assert figures.keys() == {"elbo", "elbo_se", "reconstruction", "kl_term"}
    assert figures["elbo"] == pytest.approx(exact, abs=4 * figures["elbo_se"])
    assert figures["elbo"] == pytest.approx(figures["reconstruction"] - figures["kl_term"], rel=1e-12)


def test_gap_is_the_kl_of_the_posterior(make_subject: SubjectMaker, big: Dataset, normal: Sampler) -> None:
    """The gap log p(x) − ELBO = KL(q ‖ p(z|x)) = ½ δᵀΣ⁻¹δ for a posterior moved by δ; the noise in z is shared."""
    delta = torch.full((3,), 0.4)
    gap = float(delta @ torch.linalg.inv(LinearGaussian().covariance) @ delta) / 2
    exact, moved = (measure(make_subject, big, normal, shift) for shift in (0.0, 0.4))
    # The difference of the two estimates has a standard deviation of about 1 over 20,000 examples: 4 × 0.007.
    assert exact["elbo"] - moved["elbo"] == pytest.approx(gap, abs=0.05)


def test_standard_error_is_that_of_the_mean() -> None:
    values = torch.randn(400, generator=torch.Generator().manual_seed(0)) * 30 - 1400
    kl = torch.rand(400, generator=torch.Generator().manual_seed(1))
    metric = ELBO()
    for rows in range(0, 400, 70):
        metric.update(values[rows : rows + 70], kl[rows : rows + 70])
    expected = (values.double() - kl.double()).std() / math.sqrt(400)
    assert float(metric.compute()["elbo_se"]) == pytest.approx(float(expected), rel=1e-9)


def test_merged_states_equal_one_pass() -> None:
    reconstruction, kl = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    whole, left, right = ELBO(), ELBO(), ELBO()
    whole.update(reconstruction, kl)
    left.update(reconstruction[:20], kl[:20])
    right.update(reconstruction[20:], kl[20:])
    left.merge_state(right)
    assert {k: float(v) for k, v in left.compute().items()} == pytest.approx(
        {k: float(v) for k, v in whole.compute().items()}, rel=1e-12
    )


def test_noise_of_an_example_does_not_depend_on_the_chunk(points: Dataset) -> None:
    values = [
        float(evaluate_elbo(LinearGaussian(), points.test, torch.Generator().manual_seed(3), chunk=c).compute()["elbo"])
        for c in (300, 7, 1)
    ]
    assert values == pytest.approx([values[0]] * 3, rel=1e-6)


def test_is_absent_without_a_likelihood(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    subject: Subject = make_subject(points, normal)
    assert not isinstance(subject.model, HasLikelihood)
    assert METRICS["elbo"].measure(subject) == {}


def test_one_example_has_no_standard_error() -> None:
    metric = ELBO()
    metric.update(torch.tensor([-3.0]), torch.tensor([1.0]))
    assert {k: float(v) for k, v in metric.compute().items()} == {"elbo": -4, "reconstruction": -3, "kl_term": 1}


@pytest.mark.filterwarnings("ignore:The ``compute`` method:UserWarning")
def test_refuses_bad_terms() -> None:
    with pytest.raises(BenchError, match="KL term: 1 of 2 values are NaN or infinite"):
        ELBO().update(torch.zeros(2), torch.tensor([0.0, float("inf")]))
    with pytest.raises(BenchError, match="expected \\(n,\\) each"):
        ELBO().update(torch.zeros(2), torch.zeros(3))
    with pytest.raises(BenchError, match="no examples"):
        ELBO().compute()
