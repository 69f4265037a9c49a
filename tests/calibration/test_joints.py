"""Joint laws: divergences from the product of the marginals, by other ways than theirs."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_t
from torch import Tensor
from torch.distributions import Categorical, MultivariateNormal

from bench import exact_divergence
from bench.calibration.joints import AdditiveUniform, GaussianJoint, StudentJoint
from bench.divergences import DIVERGENCES, divergence


def gaussian(covariance: Tensor, width: int) -> GaussianJoint:
    return GaussianJoint(tuple(tuple(row) for row in covariance.tolist()), width)


def draw_pair(law: GaussianJoint | StudentJoint | AdditiveUniform, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Points of the joint law, and of the product of its marginals."""
    streams = [torch.Generator().manual_seed(3 * seed + k) for k in range(3)]
    joint, one, two = (law.sample(n, stream) for stream in streams)
    return torch.cat(joint, 1), torch.cat([one[0], two[1]], 1)


def hold_against_samples(law: StudentJoint | GaussianJoint, name: str, log_p: Tensor, log_q: Tensor) -> None:
    """The tangent bound at the true ratio is the divergence: within 5 standard errors of its mean over samples."""
    at_p, at_q = divergence(name).terms(log_p, log_q)
    stderr = math.sqrt(float(at_p.var()) / len(at_p) + float(at_q.var()) / len(at_q))
    assert float(at_p.mean() + at_q.mean()) == pytest.approx(law.exact(name), abs=5 * stderr)


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_gaussians_of_any_covariance(d: int, e: int, seed: int) -> None:
    """Closed forms for the two whole Gaussians, against those for canonical pairs."""
    root = torch.randn(d + e, d + e + 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    covariance = root @ root.T / (d + e) + 0.3 * torch.eye(d + e, dtype=torch.float64)
    apart = torch.block_diag(covariance[:d, :d], covariance[d:, d:])
    p, q = (MultivariateNormal(torch.zeros(d + e, dtype=torch.float64), each) for each in (covariance, apart))
    law = gaussian(covariance, d)
    for name in ("kl", "reverse_kl", "squared_hellinger", "pearson", "alpha(0.3)"):
        assert law.exact(name) == pytest.approx(float(exact_divergence(name, p, q)), rel=1e-8, abs=1e-10), name
    assert (law.exact("js") is None) == (min(d, e) > 1)


@pytest.mark.parametrize("pairs", [1, 2, 3])
def test_equal_correlations_have_every_divergence(pairs: int) -> None:
    rho = 0.8
    covariance = torch.eye(8, dtype=torch.float64)
    for i in range(pairs):
        covariance[i, 4 + i] = covariance[4 + i, i] = rho
    law = gaussian(covariance, 4)
    assert law.exact("kl") == pytest.approx(-pairs / 2 * math.log1p(-(rho**2)))
    p, q = (MultivariateNormal(torch.zeros(8, dtype=torch.float64), each)
            for each in (covariance, torch.eye(8, dtype=torch.float64)))  # fmt: skip
    x, y = draw_pair(law, 20_000, seed=pairs)
    for name in ("js", "total_variation", "gan"):
        hold_against_samples(law, name, p.log_prob(x) - q.log_prob(x), p.log_prob(y) - q.log_prob(y))


def test_independent_variables_are_no_distance_apart() -> None:
    law = gaussian(torch.eye(4, dtype=torch.float64), 2)
    assert {law.exact(name) for name in ("kl", "js", "pearson")} == {0.0}


CASES = [(1, 1, 1), (2, 2, 1), (3, 2, 2), (5, 5, 3)]


@pytest.mark.parametrize(("d", "e", "nu"), CASES)
def test_students_against_samples(d: int, e: int, nu: int) -> None:
    """SciPy's densities at points of the law's own sampler."""
    law = StudentJoint(d, e, nu)
    ratios = []
    for points in draw_pair(law, 20_000, seed=nu):
        values = points.numpy()
        joint = multivariate_t(shape=torch.eye(d + e).numpy(), df=nu).logpdf(values)
        one = multivariate_t(shape=torch.eye(d).numpy(), df=nu).logpdf(values[:, :d])
        two = multivariate_t(shape=torch.eye(e).numpy(), df=nu).logpdf(values[:, d:])
        ratios.append(torch.as_tensor(joint - one - two))
    for name in ("js", "squared_hellinger"):
        hold_against_samples(law, name, *ratios)
    assert float(ratios[0].mean()) == pytest.approx(law.exact("kl"), abs=5 * float(ratios[0].std()) / math.sqrt(20_000))
    reverse = -ratios[1]
    assert float(reverse.mean()) == pytest.approx(
        law.exact("reverse_kl"), abs=5 * float(reverse.std()) / math.sqrt(20_000)
    )


@pytest.mark.parametrize(("d", "e", "nu"), CASES)
def test_sums_over_students_have_converged(d: int, e: int, nu: int) -> None:
    """The sum gives the mutual information that entropies give, and half the step the same of others."""
    law = StudentJoint(d, e, nu)
    coarse, fine = ([Categorical(logits=v) for v in law._log_masses(step)] for step in (0.25, 0.125))
    assert float(exact_divergence("kl", *coarse)) == pytest.approx(law.exact("kl"), rel=1e-9)
    for name in ("js", "reverse_kl"):
        assert float(exact_divergence(name, *coarse)) == pytest.approx(float(exact_divergence(name, *fine)), rel=1e-9)


def test_what_is_infinite_between_students_grows_with_the_range_of_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """∫ p²/q and ∫ q²/p up to ever larger points: they do not converge, though kl does."""
    law = StudentJoint(2, 2, 2)
    assert law.exact("pearson") == law.exact("neyman") == math.inf
    found = {}
    for tail in (20.0, 40.0):
        monkeypatch.setattr("bench.calibration.joints._TAIL", tail)
        p, q = law._log_masses(0.25)
        found[tail] = [float(torch.logsumexp(2 * a - b, 0)) - 2 * math.log(4) for a, b in ((p, q), (q, p))]
    for less, more in zip(found[20.0], found[40.0], strict=True):
        assert math.exp(more - less) > 1.5
    assert law.exact("total_variation") is None
    assert StudentJoint(1, 1, 3).exact("neyman") is None


@settings(max_examples=5)
@given(st.floats(0.02, 3))
def test_additive_noise(noise: float) -> None:
    law = AdditiveUniform(noise)
    mass, length = law._nodes()
    assert float(mass.sum()) == pytest.approx(1, abs=1e-12)
    assert float((mass * -length.log()).sum()) == pytest.approx(law.exact("kl"), rel=1e-8)
    # p = 1/2ε on a band of area 2ε, q = p_Y: ∫ p²/q = ∫ 1/2ε dy over an interval of length 1 + 2ε
    assert law.exact("pearson") == pytest.approx(1 / (2 * noise), rel=1e-8)
    assert law.exact("reverse_kl") == law.exact("neyman") == math.inf
    for name in ("js", "total_variation", "squared_hellinger"):
        value = law.exact(name)
        assert value is not None
        assert 0 < value < DIVERGENCES[name].upper


@pytest.mark.parametrize("noise", [0.1, 0.75])
def test_the_share_that_noise_leaves_empty(noise: float) -> None:
    """Q's points outside the band are the total variation, by which P exceeds Q within: 5 standard errors."""
    law, n = AdditiveUniform(noise), 50_000
    joint, apart = draw_pair(law, n, seed=1)
    assert float((joint[:, 1] - joint[:, 0]).abs().max()) <= noise
    empty = float(((apart[:, 1] - apart[:, 0]).abs() > noise).double().mean())
    value = law.exact("total_variation")
    assert value is not None
    assert empty == pytest.approx(value, abs=5 * math.sqrt(value / n))
