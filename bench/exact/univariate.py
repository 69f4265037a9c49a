"""The univariate laws of torch.distributions with their log densities written out anew.

torch's own lose digits near the ends of supports (1 − x for x near 1), for large parameters (lgamma against powers), in
VonMises (a Bessel function of 7 digits) and overflow to +inf far out (InverseGamma). Every density here is a function
of distances from ends and peaks, which `Points` know exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.distributions import (
    Beta,
    Cauchy,
    Chi2,
    ContinuousBernoulli,
    Distribution,
    Exponential,
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
    Uniform,
    VonMises,
    Weibull,
)
from torch.distributions.relaxed_bernoulli import LogitRelaxedBernoulli

from bench.exact import constants
from bench.exact.lines import Line, columns, line
from bench.exact.points import Points

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_LARGE = 1e150  # |z| beyond which z² overflows
_ZERO = torch.zeros((), dtype=torch.float64)
_ONE = torch.ones((), dtype=torch.float64)


def _log1p_square(points: Points, loc: Tensor, scale: Tensor) -> Tensor:
    """Log(1 + z²), z = (x − loc)/scale."""
    z = points.minus(loc) / scale
    far = 2 * (points.log_minus(loc) - scale.log())
    return torch.where(z.abs() < _LARGE, torch.log1p(z.square()), far)


def _normal(law: Normal) -> Line:
    loc, scale = columns(law, "loc", "scale")
    at_mode = -scale.log() - _HALF_LOG_2PI
    narrow = 1 / (math.sqrt(2.0) * scale)
    return line(lambda x: at_mode - x.minus(loc).mul_(narrow).square_(), loc, scale)


def _laplace(law: Laplace) -> Line:
    loc, scale = columns(law, "loc", "scale")
    at_mode = -(2 * scale).log()
    smooth = line(lambda x: at_mode - (x.minus(loc) / scale).abs(), loc, scale)
    return replace(smooth, bends=True)


def _cauchy(law: Cauchy) -> Line:
    loc, scale = columns(law, "loc", "scale")
    at_mode = -(math.pi * scale).log()
    return line(lambda x: at_mode - _log1p_square(x, loc, scale), loc, scale)


def _student(law: StudentT) -> Line:
    loc, scale, df = columns(law, "loc", "scale", "df")
    at_mode, wide = constants.student_constant(df) - scale.log(), scale * df.sqrt()
    return line(lambda x: at_mode - (df + 1) / 2 * _log1p_square(x, loc, wide), loc, scale)


def _gumbel(law: Gumbel) -> Line:
    loc, scale = columns(law, "loc", "scale")

    def density(x: Points) -> Tensor:
        z = x.minus(loc) / scale
        return torch.where(z < -_LARGE, -math.inf, -z - (-z).exp()) - scale.log()

    return line(density, loc, scale)


def _uniform(law: Uniform) -> Line:
    low, high = columns(law, "low", "high")
    middle = torch.full_like(low, math.nan)
    return line(lambda x: (-(high - low).log()).expand(len(low), x.anchor.shape[-1]), middle, high - low, low, high)


def _exponential(law: Exponential) -> Line:
    (rate,) = columns(law, "rate")
    return line(lambda x: rate.log() - rate * x.minus(_ZERO), 1 / rate, 1 / rate, 0.0)


def _gamma(law: Gamma) -> Line:
    a, rate = columns(law, "concentration", "rate")
    mean, constant = a / rate, constants.gamma_constant(a)

    def density(x: Points) -> Tensor:
        u = x.log_over(mean, a.log() - rate.log())
        return constant + a * (u - torch.expm1(u)) - x.log_minus(_ZERO)

    return line(density, mean, mean / a.sqrt(), 0.0)


def _inverse_gamma(law: InverseGamma) -> Line:
    a, rate = columns(law, "concentration", "rate")
    mean, constant = rate / a, constants.gamma_constant(a)  # of 1/x, and one over it

    def density(x: Points) -> Tensor:
        u = x.log_over(mean, rate.log() - a.log())
        return constant - a * (u + torch.expm1(-u)) - x.log_minus(_ZERO)

    return line(density, mean, mean / a.sqrt(), 0.0)


def _beta(law: Beta) -> Line:
    a, b = columns(law, "concentration1", "concentration0")
    mean, rest = a / (a + b), b / (a + b)
    constant = constants.beta_constant(a, b, mean, rest)

    def density(x: Points) -> Tensor:
        far = x.log_minus(_ONE)
        near = -x.minus(mean) / rest
        v = torch.where(near.abs() < 0.5, torch.log1p(near), far - rest.log())
        return constant + (a * x.log_over(mean) + b * v) - x.log_minus(_ZERO) - far

    return line(density, mean, (mean * rest / (a + b + 1)).sqrt(), 0.0, 1.0)


def _fisher(law: FisherSnedecor) -> Line:
    d1, d2 = columns(law, "df1", "df2")
    constant, ratio = constants.fisher_constant(d1, d2), d2 / d1

    def density(x: Points) -> Tensor:
        u = x.log_over(ratio)
        return constant + d1 / 2 * u - (d1 + d2) / 2 * torch.logaddexp(_ZERO, u) - x.log_minus(_ZERO)

    return line(density, torch.ones_like(d1), (2 / d1 + 2 / d2).sqrt(), 0.0)


def _half_normal(law: HalfNormal) -> Line:
    (scale,) = columns(law, "scale")
    at_end = math.log(2.0) - scale.log() - _HALF_LOG_2PI
    return line(lambda x: at_end - (x.minus(_ZERO) / scale).square() / 2, scale, scale, 0.0)


def _half_cauchy(law: HalfCauchy) -> Line:
    (scale,) = columns(law, "scale")
    at_end = math.log(2.0) - (math.pi * scale).log()
    return line(lambda x: at_end - _log1p_square(x, _ZERO, scale), scale, scale, 0.0)


def _log_normal(law: LogNormal) -> Line:
    loc, scale = columns(law, "loc", "scale")
    median = loc.exp()
    usual = (median > 0) & median.isfinite()
    middle = torch.where(usual, median, 1.0)
    shift = constants.log_ratio_constant(middle, torch.where(usual, loc, 0.0))
    at_mode = -scale.log() - _HALF_LOG_2PI

    def density(x: Points) -> Tensor:
        far = x.log_minus(_ZERO)
        z = torch.where(usual, x.log_over(middle) + shift, far - loc) / scale
        return at_mode - z.square() / 2 - far

    return line(density, median, median * torch.expm1(scale.clamp(max=2.0)), 0.0)


def _pareto(law: Pareto) -> Line:
    scale, alpha = columns(law, "scale", "alpha")

    def density(x: Points) -> Tensor:
        return (alpha / scale).log() - (alpha + 1) * torch.logaddexp(_ZERO, x.log_minus(scale) - scale.log())

    return line(density, scale * (1 + 1 / alpha), scale / alpha, scale)


def _generalised_pareto(law: GeneralizedPareto) -> Line:
    loc, scale, shape = columns(law, "loc", "scale", "concentration")
    bounded, size = shape < 0, shape.abs()
    breadth = scale / size
    high = torch.where(bounded, loc + breadth, math.inf)
    upper = torch.where(bounded, high, loc)  # where it is used it is finite
    none = size < torch.finfo(torch.float64).tiny

    def density(x: Points) -> Tensor:
        distance = x.minus(loc)
        z, within = distance / scale, distance / breadth
        log_within = x.log_minus(loc) - breadth.log()
        grown = torch.where(within < 0.5, torch.log1p(within), torch.logaddexp(_ZERO, log_within))
        shrunk = torch.where(within < 0.5, torch.log1p(-within), x.log_minus(upper) - breadth.log())
        powers = torch.where(bounded, shrunk, grown)
        return -scale.log() - torch.where(none, z, (1 + 1 / torch.where(none, _ONE, shape)) * powers)

    return line(density, loc + torch.minimum(scale, breadth / 2), scale, loc, high)


def _weibull(law: Weibull) -> Line:
    scale, shape = columns(law, "scale", "concentration")

    def density(x: Points) -> Tensor:
        u = shape * x.log_over(scale)
        return shape.log() + u - u.exp() - x.log_minus(_ZERO)

    return line(density, scale, scale / shape, 0.0)


def _log_one_minus_exp(log_w: Tensor) -> Tensor:
    """Log(1 − e⁻ʷ) from log w."""
    return torch.where(log_w < -30, log_w, (-torch.expm1(-log_w.exp())).log())


def _kumaraswamy(law: Kumaraswamy) -> Line:
    a, b = columns(law, "concentration1", "concentration0")
    median = (-torch.expm1(-math.log(2.0) / b)) ** (1 / a)

    def density(x: Points) -> Tensor:
        log_x, log_rest = x.log_minus(_ZERO), x.log_minus(_ONE)
        # log of −log x, which near 1 is 1 − x
        rest = log_rest.exp()
        near = torch.where(log_rest < -30, log_rest, (-torch.log1p(-rest.clamp(max=0.75))).log())
        log_w = torch.where(rest < 0.5, near, (-log_x).log())
        return (a * b).log() + (a - 1) * -log_w.exp() + (b - 1) * _log_one_minus_exp(a.log() + log_w)

    return line(density, median, median / 2, 0.0, 1.0)


def _continuous_bernoulli(law: ContinuousBernoulli) -> Line:
    given = vars(law).get("probs")
    if given is None:
        (logit,) = columns(law, "logits")
    else:
        (probability,) = columns(law, "probs")
        logit = probability.log() - torch.log1p(-probability)
    constant = constants.continuous_bernoulli_constant(-logit.abs())
    middle = torch.full_like(logit, math.nan)

    def density(x: Points) -> Tensor:
        return constant + torch.where(logit > 0, logit * x.minus(_ONE), logit * x.minus(_ZERO))

    return line(density, middle, torch.ones_like(logit), 0.0, 1.0)


def _logit_density(y: Tensor, logit: Tensor, temperature: Tensor) -> Tensor:
    d = logit - temperature * y
    return temperature.log() - d.abs() - 2 * torch.log1p((-d.abs()).exp())


def _relaxed(law: Distribution) -> tuple[Tensor, Tensor]:
    base = law.base_dist if isinstance(law, RelaxedBernoulli) else law
    given = vars(base).get("probs")
    (temperature,) = columns(base, "temperature")
    if given is None:
        (logit,) = columns(base, "logits")
        return logit, temperature
    (probability,) = columns(base, "probs")
    return probability.log() - torch.log1p(-probability), temperature


def _relaxed_bernoulli(law: RelaxedBernoulli) -> Line:
    logit, temperature = _relaxed(law)

    def density(x: Points) -> Tensor:
        low, high = x.log_minus(_ZERO), x.log_minus(_ONE)
        return _logit_density(low - high, logit, temperature) - low - high

    median = torch.sigmoid(logit / temperature)
    return line(density, median, median * torch.sigmoid(-logit / temperature), 0.0, 1.0)


def _logit_relaxed_bernoulli(law: LogitRelaxedBernoulli) -> Line:
    logit, temperature = _relaxed(law)
    middle = logit / temperature
    return line(
        lambda x: _logit_density(x.minus(middle), _ZERO, temperature), middle, (1 / temperature).expand_as(middle)
    )


def _von_mises(law: VonMises) -> Line:
    """On [−π, π], where torch draws it."""
    loc, concentration = columns(law, "loc", "concentration")
    centre = torch.atan2(loc.sin(), loc.cos())
    centre = torch.where(loc.abs() <= math.pi, loc, centre)
    constant = constants.von_mises_constant(concentration)

    def density(x: Points) -> Tensor:
        return constant - 2 * concentration * (x.minus(centre) / 2).sin().square()

    return line(density, centre, concentration.clamp(min=1.0).rsqrt(), -math.pi, math.pi)


UNIVARIATE: dict[type[Distribution], Callable[..., Line]] = {
    Normal: _normal,
    Laplace: _laplace,
    Cauchy: _cauchy,
    StudentT: _student,
    Gumbel: _gumbel,
    Uniform: _uniform,
    Exponential: _exponential,
    Gamma: _gamma,
    Chi2: _gamma,
    InverseGamma: _inverse_gamma,
    Beta: _beta,
    FisherSnedecor: _fisher,
    HalfNormal: _half_normal,
    HalfCauchy: _half_cauchy,
    LogNormal: _log_normal,
    Pareto: _pareto,
    GeneralizedPareto: _generalised_pareto,
    Weibull: _weibull,
    Kumaraswamy: _kumaraswamy,
    ContinuousBernoulli: _continuous_bernoulli,
    RelaxedBernoulli: _relaxed_bernoulli,
    LogitRelaxedBernoulli: _logit_relaxed_bernoulli,
    VonMises: _von_mises,
}
