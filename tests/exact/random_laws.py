"""Random univariate laws of every kind that torch.distributions has, each with SciPy's own version of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from torch.distributions import (
    AffineTransform,
    Beta,
    Cauchy,
    Chi2,
    ContinuousBernoulli,
    Distribution,
    Exponential,
    ExpTransform,
    FisherSnedecor,
    Gamma,
    GeneralizedPareto,
    Gumbel,
    HalfCauchy,
    HalfNormal,
    InverseGamma,
    Kumaraswamy,
    Laplace,
    LogNormal,
    Normal,
    Pareto,
    RelaxedBernoulli,
    StudentT,
    TransformedDistribution,
    Uniform,
    VonMises,
    Weibull,
)
from torch.distributions.relaxed_bernoulli import LogitRelaxedBernoulli

from tests.exact.laws import tensor

Random = np.random.Generator


@dataclass(frozen=True)
class Twin:
    """A law of torch and the same in SciPy, which knows its quantiles of exp(-last) and more."""

    law: Distribution
    scipy: Any
    kinks: tuple[float, ...] = ()
    last: float = 300.0


def size(random: Random, low: float = 0.1, high: float = 10.0) -> float:
    """Log-uniform."""
    return float(np.exp(random.uniform(math.log(low), math.log(high))))


def place(random: Random) -> float:
    return float(random.normal(0, 2))


def shape(random: Random, least: float = 0.3) -> float:
    """From 1 on where the end of a support is not 0: SciPy knows a distance from there to 1e-16 only."""
    return size(random, least, 20.0)


def _two(law: Any, twin: Callable[[float, float], Any]) -> Callable[[Random], Twin]:
    def make(random: Random) -> Twin:
        m, s = place(random), size(random)
        return Twin(law(*tensor(m, s)), twin(m, s), (m,) if law is Laplace else ())

    return make


class _Kumaraswamy(stats.rv_continuous):
    def _logpdf(self, x: Any, a: Any, b: Any) -> Any:
        return np.log(a * b) + (a - 1) * np.log(x) + (b - 1) * np.log(-np.expm1(a * np.log(x)))

    def _cdf(self, x: Any, a: Any, b: Any) -> Any:
        return -np.expm1(b * np.log(-np.expm1(a * np.log(x))))

    def _ppf(self, u: Any, a: Any, b: Any) -> Any:
        return (-np.expm1(np.log1p(-u) / b)) ** (1 / a)

    def _isf(self, u: Any, a: Any, b: Any) -> Any:
        return (-np.expm1(np.log(u) / b)) ** (1 / a)


class _Slope(stats.rv_continuous):
    def _argcheck(self, eta: Any) -> Any:
        return np.isfinite(eta)

    def _logpdf(self, x: Any, eta: Any) -> Any:
        return eta * x - np.log(np.expm1(eta) / eta)

    def _cdf(self, x: Any, eta: Any) -> Any:
        return np.expm1(eta * x) / np.expm1(eta)

    def _ppf(self, u: Any, eta: Any) -> Any:
        return np.log1p(u * np.expm1(eta)) / eta

    def _isf(self, u: Any, eta: Any) -> Any:
        return 1 + np.log1p(u * np.expm1(-eta)) / eta


class _Squashed(stats.rv_continuous):
    """The sigmoid of a logistic law."""

    def _logpdf(self, x: Any, m: Any, s: Any) -> Any:
        log_x, log_rest = np.log(x), np.log1p(-x)
        return stats.logistic.logpdf((log_x - log_rest - m) / s) - np.log(s) - log_x - log_rest

    def _cdf(self, x: Any, m: Any, s: Any) -> Any:
        return stats.logistic.cdf((np.log(x) - np.log1p(-x) - m) / s)

    def _ppf(self, u: Any, m: Any, s: Any) -> Any:
        return 1 / (1 + np.exp(-(m + s * stats.logistic.ppf(u))))

    def _isf(self, u: Any, m: Any, s: Any) -> Any:
        return 1 / (1 + np.exp(-(m + s * stats.logistic.isf(u))))

    def _argcheck(self, m: Any, s: Any) -> Any:
        return s > 0


kumaraswamy, slope = _Kumaraswamy(a=0.0, b=1.0, shapes="a, b"), _Slope(a=0.0, b=1.0, shapes="eta")
squashed = _Squashed(a=0.0, b=1.0, shapes="m, s")


def _student(random: Random) -> Twin:
    df, m, s = size(random, 0.7, 50), place(random), size(random)
    return Twin(StudentT(*tensor(df, m, s)), stats.t(df, m, s))


def _uniform(random: Random) -> Twin:
    m, s = place(random), size(random)
    return Twin(Uniform(*tensor(m, m + s)), stats.uniform(m, (m + s) - m), (m, m + s))


def _gamma(random: Random) -> Twin:
    a, b = shape(random), size(random)
    return Twin(Gamma(*tensor(a, b)), stats.gamma(a, scale=1 / b))


def _chi2(random: Random) -> Twin:
    df = size(random, 0.6, 20)
    return Twin(Chi2(*tensor(df)), stats.chi2(df))


def _inverse_gamma(random: Random) -> Twin:
    a, b = shape(random), size(random)
    return Twin(InverseGamma(*tensor(a, b)), stats.invgamma(a, scale=b))


def _exponential(random: Random) -> Twin:
    b = size(random)
    return Twin(Exponential(*tensor(b)), stats.expon(scale=1 / b))


def _fisher(random: Random) -> Twin:
    d1, d2 = size(random, 0.7, 20), size(random, 0.7, 20)
    return Twin(FisherSnedecor(*tensor(d1, d2)), stats.f(d1, d2))


def _half_normal(random: Random) -> Twin:
    s = size(random)
    return Twin(HalfNormal(*tensor(s)), stats.halfnorm(scale=s))


def _half_cauchy(random: Random) -> Twin:
    s = size(random)
    return Twin(HalfCauchy(*tensor(s)), stats.halfcauchy(scale=s))


def _log_normal(random: Random) -> Twin:
    m, s = place(random), size(random, 0.05, 3)
    return Twin(LogNormal(*tensor(m, s)), stats.lognorm(s, scale=math.exp(m)))


def _weibull(random: Random) -> Twin:
    s, k = size(random), shape(random)
    return Twin(Weibull(*tensor(s, k)), stats.weibull_min(k, scale=s))


def _pareto(random: Random) -> Twin:
    s, a = size(random), size(random, 0.5, 10)
    return Twin(Pareto(*tensor(s, a)), stats.pareto(a, scale=s), (s,))


def _generalised_pareto(random: Random) -> Twin:
    c, s = float(random.uniform(-0.5, 0.9)), size(random)
    return Twin(GeneralizedPareto(*tensor(0.0, s, c)), stats.genpareto(c, scale=s), (-s / c,) if c < 0 else ())


def _log_uniform(random: Random) -> Twin:
    m, s = place(random), size(random)
    law = TransformedDistribution(Uniform(*tensor(m, m + s)), ExpTransform())
    return Twin(law, stats.loguniform(math.exp(m), math.exp(m + s)), (math.exp(m), math.exp(m + s)))


def _beta(random: Random) -> Twin:
    a, b = shape(random), shape(random, 1.0)
    return Twin(Beta(*tensor(a, b)), stats.beta(a, b), last=60.0)


def _kumaraswamy(random: Random) -> Twin:
    a, b = size(random, 0.5, 5), size(random, 1.0, 5)
    return Twin(Kumaraswamy(*tensor(a, b)), kumaraswamy(a, b))


def _continuous_bernoulli(random: Random) -> Twin:
    p = float(random.uniform(0.02, 0.98))
    return Twin(ContinuousBernoulli(*tensor(p)), slope(math.log(p / (1 - p))))


def _relaxed_bernoulli(random: Random) -> Twin:
    s, m = size(random, 1.0, 5), float(random.normal(0, 1))
    return Twin(RelaxedBernoulli(tensor(s)[0], logits=tensor(m)[0]), squashed(m / s, 1 / s))


def _logit_relaxed_bernoulli(random: Random) -> Twin:
    s, m = size(random, 0.5, 5), float(random.normal(0, 1))
    return Twin(LogitRelaxedBernoulli(tensor(s)[0], logits=tensor(m)[0]), stats.logistic(m / s, 1 / s))


def _affine_beta(random: Random) -> Twin:
    a, b, s = shape(random, 1.0), shape(random, 1.0), size(random, 0.1, 0.9)
    m = float(random.uniform(0, 1 - s))
    law = TransformedDistribution(Beta(*tensor(a, b)), AffineTransform(*tensor(m, s)))
    return Twin(law, stats.beta(a, b, loc=m, scale=s), (m, m + s), last=60.0)


LINE = {
    "normal": _two(Normal, stats.norm),
    "laplace": _two(Laplace, stats.laplace),
    "cauchy": _two(Cauchy, stats.cauchy),
    "gumbel": _two(Gumbel, stats.gumbel_r),
    "student": _student,
    "uniform": _uniform,
    "logit_relaxed_bernoulli": _logit_relaxed_bernoulli,
}
HALF_LINE = {
    "gamma": _gamma,
    "chi2": _chi2,
    "inverse_gamma": _inverse_gamma,
    "exponential": _exponential,
    "fisher": _fisher,
    "half_normal": _half_normal,
    "half_cauchy": _half_cauchy,
    "log_normal": _log_normal,
    "weibull": _weibull,
    "pareto": _pareto,
    "generalised_pareto": _generalised_pareto,
    "log_uniform": _log_uniform,
}
INTERVAL = {
    "beta": _beta,
    "kumaraswamy": _kumaraswamy,
    "continuous_bernoulli": _continuous_bernoulli,
    "relaxed_bernoulli": _relaxed_bernoulli,
    "affine_beta": _affine_beta,
}


def _von_mises(random: Random) -> Twin:
    m, kappa = float(random.uniform(-3, 3)), size(random, 0.1, 100)
    return Twin(VonMises(*tensor(m, kappa)), None)


def von_mises(random: Random) -> Distribution:
    return _von_mises(random).law
