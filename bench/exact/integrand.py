"""q f(p/q) from log densities, without overflow on the way."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Distribution

from bench.divergences import Divergence

_FAR = 300.0  # e^±300 and its square are finite in float64


def integrand(d: Divergence, p: Distribution, q: Distribution) -> Callable[[Tensor], Tensor]:
    """Give x (n, d) ↦ q(x) f(p(x)/q(x)) = p f'(r) + q (f(r) − r f'(r)), shape (n,), inf where it is infinite."""
    log_p, log_q = log_density(p), log_density(q)

    def value(x: Tensor) -> Tensor:
        at_p, at_q = log_p(x), log_q(x)
        v = torch.where(at_p == at_q, 0.0, at_p - at_q)  # also where both are −inf
        return _times(at_p, d.slope, v) + _times(at_q, d.intercept, v)

    return value


def log_density(law: Distribution) -> Callable[[Tensor], Tensor]:
    """Give x (n, d) ↦ log density in float64, −inf off the support."""
    support = law.support
    assert support is not None  # every law of torch with a log_prob has one
    with torch.random.fork_rng(devices=[]):  # any point of the support will do, as a stand-in for those off it
        inside = law.sample().reshape(1, -1).double()

    def value(x: Tensor) -> Tensor:
        shaped = (-1, *law.batch_shape, *law.event_shape)
        known = support.check(x.reshape(shaped)).reshape(-1)  # type: ignore[no-untyped-call]
        safe = torch.where(known[:, None], x, inside)
        return torch.where(known, law.log_prob(safe.reshape(shaped)).double().reshape(-1), -torch.inf)

    return value


def _times(log_weight: Tensor, function: Callable[[Tensor], Tensor], v: Tensor) -> Tensor:
    """e^log_weight · function(v), where the factors alone may underflow and overflow; 0 where the weight is 0."""
    plain = function(v)
    # where the function overflows it is exponential in v: continue it from where it is finite
    edge = v.clamp(-_FAR, _FAR)
    near, nearer = function(edge).abs().log(), function(edge - edge.sign()).abs().log()
    continued = near + (near - nearer) * (v - edge).abs()
    log_size = torch.where(plain.isfinite() | v.isinf(), plain.abs().log(), continued)
    product = plain.sign() * (log_weight + log_size).exp()
    return torch.where((log_weight == -torch.inf) | (plain == 0), 0.0, product)
