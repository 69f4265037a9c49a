"""Laws of counts 0, 1, 2, …: Poisson, Geometric, NegativeBinomial, Binomial, Bernoulli, and mixtures of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Binomial,
    Distribution,
    Geometric,
    Independent,
    MixtureSameFamily,
    NegativeBinomial,
    Poisson,
)

from bench.divergences import Divergence
from bench.errors import ArgumentError
from bench.exact.integrand import at_equality, log_excess
from bench.exact.line_of import log_weights
from bench.exact.value import Exact, within_range

LogMass = Callable[[Tensor], Tensor]

_UNBOUNDED = (Poisson, Geometric, NegativeBinomial)
_FIRST, _MOST = 2**12, 2**23  # points that are summed over
_FAR = 2**18  # before which a sum that grows may still turn
_MASS = 1e-9
_SHARE = 1e-13  # of the sum, that may be left out
_SERIES = 16.0  # from which Stirling's series is used
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def is_unbounded(law: Distribution) -> bool:
    """Whether it is a law of counts, and sits on infinitely many."""
    if isinstance(law, MixtureSameFamily):
        return is_unbounded(law.component_distribution)
    if isinstance(law, Independent) and law.event_shape.numel() == 1:
        return is_unbounded(law.base_dist)
    return isinstance(law, _UNBOUNDED)


def add_up_counts(d: Divergence, p: Distribution, q: Distribution) -> Exact:
    """D_f(P‖Q) = f(1) + Σ m h(v) over 0, 1, 2, …, as far as anything matters.

    Raises:
        ArgumentError: if a law is none of counts, or there is no end to what matters.
    """
    log_p, log_q, log_h = _log_mass(p, "p"), _log_mass(q, "q"), log_excess(d)
    count = _FIRST
    while count <= _MOST:
        k = torch.arange(count, dtype=torch.float64)
        at_p, at_q = log_p(k), log_q(k)
        masses = [float(at.exp().sum()) for at in (at_p, at_q)]
        if not max(abs(mass - 1) for mass in masses) < _MASS:
            count *= 4
            continue
        v = torch.where(at_p == at_q, 0.0, at_p - at_q)
        log_m = torch.logaddexp(at_p, at_q) - math.log(2)
        terms = torch.where(log_m == -math.inf, -math.inf, log_m + log_h(v))
        if bool((terms == math.inf).any()):
            return Exact(math.inf, "sum")
        total = float(terms.exp().sum())
        rest = _rest(terms)
        if count >= _FAR and (rest == math.inf or total == math.inf):
            return Exact(math.inf, "sum")
        if rest <= _SHARE * total:
            found = within_range(d, at_equality(d) + total, "sum", 1e-9 * total + 1e-15)
            return Exact(float(found), "sum")
        count *= 4
    raise ArgumentError(
        f"exact_divergence('{d.name}'): the sum over counts has not settled at {_MOST}: masses of {masses[0]:.9g} and "
        f"{masses[1]:.9g}; expected laws whose counts lie below that"
    )


def _rest(terms: Tensor) -> float:
    """What a geometric series adds beyond the last term, from the last two."""
    last, before = float(terms[-1]), float(terms[-2])
    if last == -math.inf:
        return 0.0
    rate = last - before
    return math.exp(min(last, 700.0)) / -math.expm1(rate) if rate < -1e-12 else math.inf


def _log_mass(law: Distribution, role: str) -> LogMass:
    """K (n,) ↦ log probability, shape (n,)."""
    if isinstance(law, Independent) and law.event_shape.numel() == 1:
        return _log_mass(law.base_dist, role)
    if isinstance(law, MixtureSameFamily):
        weights, each = log_weights(law).reshape(-1), _each(law.component_distribution, role)
        return lambda k: torch.logsumexp(each(k) + weights, 1)
    one = _each(law, role)
    return lambda k: one(k)[:, 0]


def _each(law: Distribution, role: str) -> LogMass:
    """K (n,) ↦ log probabilities under every law of a batch, shape (n, K)."""
    if isinstance(law, Independent) and law.event_shape.numel() == 1:
        return _each(law.base_dist, role)
    for kind, make in _MASSES.items():
        if isinstance(law, kind):
            density = make(law)
            return lambda k: density(k[:, None])
    raise ArgumentError(
        f"exact_divergence: {role} is {type(law).__name__} and the other a law of counts; expected two of Poisson, "
        "Geometric, NegativeBinomial, Binomial, Bernoulli, or mixtures of them"
    )


def _row(value: object) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float64).reshape(1, -1)


def log_odds_parts(law: Distribution) -> tuple[Tensor, Tensor]:
    """Log probability, and log of one less it, from whichever was given, shape (1, K) each."""
    given = vars(law).get("probs")
    if given is not None:
        return _row(given).log(), torch.log1p(-_row(given))
    logits = _row(law.logits)  # type: ignore[attr-defined]
    return -torch.logaddexp(-logits, torch.zeros_like(logits)), -torch.logaddexp(logits, torch.zeros_like(logits))


def _times(k: Tensor, log_probability: Tensor) -> Tensor:
    """K · log probability, 0 for k = 0."""
    return torch.where(k == 0, 0.0, k * log_probability)


def log_factorial_rest(k: Tensor) -> Tensor:
    """Log k! − (k log k − k + ½ log 2πk), k > 0 (Loader 2000)."""
    small = k.clamp(min=0.5, max=_SERIES)
    exact = torch.lgamma(small + 1) - (small + 0.5) * small.log() + small - _HALF_LOG_2PI
    inverse = 1 / k.clamp(min=_SERIES)
    square = inverse.square()
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
    return torch.where(k < _SERIES, exact, series)


def _poisson(law: Distribution) -> LogMass:
    assert isinstance(law, Poisson)
    rate = _row(law.rate)

    def mass(k: Tensor) -> Tensor:
        away = (k - rate) / rate
        deviance = rate * (torch.special.xlog1py(1 + away, away) - away)
        at = -deviance - log_factorial_rest(k) - 0.5 * k.clamp(min=1).log() - _HALF_LOG_2PI
        none = torch.where(k == 0, 0.0, -math.inf)
        return torch.where(rate == 0, none, torch.where(k == 0, -rate, at))

    return mass


def _geometric(law: Distribution) -> LogMass:
    success, failure = log_odds_parts(law)
    return lambda k: success + _times(k, failure)


def _negative_binomial(law: Distribution) -> LogMass:
    assert isinstance(law, NegativeBinomial)
    success, failure = log_odds_parts(law)
    count = _row(law.total_count)

    def mass(k: Tensor) -> Tensor:
        ways = torch.lgamma(count + k) - torch.lgamma(1 + k) - torch.lgamma(count)
        return ways + count * failure + _times(k, success)

    return mass


def _binomial(law: Distribution) -> LogMass:
    count = _row(law.total_count) if isinstance(law, Binomial) else torch.ones(1, 1, dtype=torch.float64)
    success, failure = log_odds_parts(law)

    def mass(k: Tensor) -> Tensor:
        rest = (count - k).clamp(min=0)
        ways = torch.lgamma(count + 1) - torch.lgamma(k + 1) - torch.lgamma(rest + 1)
        return torch.where(k > count, -math.inf, ways + _times(k, success) + _times(rest, failure))

    return mass


_MASSES: dict[type[Distribution], Callable[[Distribution], LogMass]] = {
    Poisson: _poisson,
    Geometric: _geometric,
    NegativeBinomial: _negative_binomial,
    Binomial: _binomial,
    Bernoulli: _binomial,
}
