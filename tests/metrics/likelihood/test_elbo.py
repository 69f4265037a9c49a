"""ELBO: against a model whose terms and exact likelihood are known."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from bench.datasets.base import Dataset, load_dataset
from bench.errors import BenchError
from bench.metrics import ELBO, METRICS, HasLikelihood, Subject, evaluate_elbo
from bench.metrics.likelihood import count_active_units, importance_weighted_bound
from bench.models.settings import VAESettings
from bench.models.vae import VAE
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


class Binarised(nn.Module):
    """Knows of each example only whether it is positive."""

    latent_dim = 1
    binarisation = "static"

    def observed(self, x: Tensor) -> Tensor:
        """Whether x > 0; a function of the whole split: its first example is left as it is."""
        binary = (x > 0).to(x.dtype)
        binary[0] = x[0]
        return binary

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        return x.sum(1), 0 * noise.sum(1)

    def posterior_mean(self, x: Tensor) -> Tensor:
        return 0.1 * x[:, :1]

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        return x.sum(1) + 0 * noise.sum(-1)


@pytest.mark.parametrize("chunk", [1, 64, 300])
def test_examples_are_measured_as_the_model_observes_them(points: Dataset, chunk: int) -> None:
    """By every figure, and before they are cut into chunks."""
    model, x, generator = Binarised(), 100 * points.test, torch.Generator()
    seen = model.observed(x)
    expected = float(seen.sum(1).double().mean())
    assert float(evaluate_elbo(model, x, generator, chunk=chunk).compute()["elbo"]) == pytest.approx(
        expected, rel=1e-12
    )
    weighted = importance_weighted_bound(model, x, generator, samples=2, chunk=max(64, chunk))
    assert float(weighted.compute()["log_likelihood_iw"]) == pytest.approx(expected, rel=1e-12)
    units = count_active_units(model, x, chunk=chunk)
    assert float(units.mean_sum) == pytest.approx(float(model.posterior_mean(seen).double().sum()), rel=1e-12)


@pytest.mark.parametrize("binarisation", ["none", "static", "dynamic"])
def test_vae_is_measured_on_its_binarised_test_split(make_subject: SubjectMaker, binarisation: str) -> None:
    """Grey pixels would make the figure of a Bernoulli likelihood some nats better than the data allows."""
    torch.manual_seed(0)
    data = load_dataset("digits")
    block = {"family": "vae", "likelihood": "bernoulli", "binarisation": binarisation}
    model = VAE(VAESettings.model_validate(block), data.shape).eval()
    subject = make_subject(data, lambda n, g: model.sample(torch.randn(n, 16, generator=g)), model=model)
    figures = METRICS["elbo"].measure(subject)
    seen = data.test if binarisation == "none" else model.observed(data.test)
    noise = torch.randn(len(seen), model.latent_dim, generator=subject.stream("elbo"))
    with torch.no_grad():
        reconstruction, kl = model.elbo_terms(seen, noise)
        units = int((model.posterior(seen)[0].double().var(0) > 0.01).sum())
    assert set(seen.unique().tolist()) == {0.0, 1.0} or binarisation == "none"
    assert figures["elbo"] == pytest.approx(float((reconstruction - kl).double().mean()), rel=1e-5)
    assert figures["active_units"] == units
    assert METRICS["elbo"].labels(subject) == {"binarisation": binarisation}
    bound = METRICS["log_likelihood_iw"].measure(subject)["log_likelihood_iw"]
    assert figures["elbo"] < bound


def test_label_names_the_binarisation(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    for name in ("elbo", "log_likelihood_iw"):
        labels = METRICS[name].labels
        assert labels(make_subject(points, normal, model=Binarised())) == {"binarisation": "static"}
        assert labels(make_subject(points, normal, model=LinearGaussian())) == {}


def test_active_units_are_a_column_where_the_model_has_a_posterior_mean(
    make_subject: SubjectMaker, points: Dataset, normal: Sampler
) -> None:
    """Here the posterior mean is 0.1 or 0, of variance 0.0025, but for one example."""
    inactive = dataclasses.replace(points, test=points.test.clamp(-1, 1))
    active = dataclasses.replace(points, test=torch.tensor([[9.0, 0.0]]).repeat(2, 1) * torch.tensor([[1.0], [-1.0]]))
    for data, count in ((inactive, 0), (active, 1)):
        figures = METRICS["elbo"].measure(make_subject(data, normal, model=Binarised()))
        assert figures["active_units"] == count
    one = dataclasses.replace(points, test=points.test[:1])
    assert "active_units" not in METRICS["elbo"].measure(make_subject(one, normal, model=Binarised()))


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
