"""Divergences by Monte Carlo from the even mixture of both laws."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.stats import genpareto
from torch import Tensor
from torch.distributions import Distribution, Independent

from bench.divergences import Divergence
from bench.errors import ArgumentError
from bench.exact.generic import check_log_density
from bench.exact.integrand import Elementwise, at_equality, log_excess
from bench.exact.line_of import line_of
from bench.exact.points import Points
from bench.exact.univariate import UNIVARIATE
from bench.exact.value import Exact

_CHUNK = 2**15
_FEWEST = 1000
_HEAVIEST = 0.7  # shape of the tail above which an average of samples says nothing (Vehtari et al. 2024, sec. 3.2.3)
_TAIL = 3000  # of the largest terms, at most, to fit it to


def sample_mean(d: Divergence, p: Distribution, q: Distribution, samples: int, seed: int) -> Exact:
    """D_f(P‖Q) = f(1) + ½ E_P[h(v)] + ½ E_Q[h(v)], half of the samples from each law.

    Args:
        d: the divergence.
        p: the law of the data, float64 on the CPU.
        q: the law of the model, likewise.
        samples: how many in all.
        seed: of a stream of its own: the global one is left as it was.

    Raises:
        ArgumentError: if the terms have so heavy a tail that their mean is infinite or out of reach, or one is NaN.
    """
    if samples < _FEWEST:
        raise ArgumentError(f"exact_divergence: found samples={samples}; expected {_FEWEST} or more")
    log_h = log_excess(d)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        halves = [_log_terms(d, log_h, law, (p, q), samples // 2) for law in (p, q)]
    if math.isinf(d.upper) and any(bool((log_terms == torch.inf).any()) for log_terms in halves):
        return Exact(math.inf, "monte carlo")
    for role, log_terms in zip(("p", "q"), halves, strict=True):
        _check_tail(d, log_terms, role)
    means, variances = zip(*(_moments(log_terms) for log_terms in halves), strict=True)
    value = min(at_equality(d) + sum(means) / 2, d.upper)
    return Exact(value, "monte carlo", stderr=math.sqrt(sum(variances)) / 2)


def _log_terms(
    d: Divergence, log_h: Elementwise, law: Distribution, pair: tuple[Distribution, Distribution], count: int
) -> Tensor:
    """Logs of h(v) at points of one law, shape (count,)."""
    chunks = []
    for start in range(0, count, _CHUNK):
        try:
            x = law.sample(torch.Size((min(_CHUNK, count - start),)))
            log_p, log_q = (_log_prob(each, x) for each in pair)
            for role, at in (("p", log_p), ("q", log_q)):
                check_log_density(role, at, x)
        except NotImplementedError as error:
            raise ArgumentError(
                f"exact_divergence('{d.name}'): a law cannot be sampled and evaluated; expected two with sample and "
                "log_prob"
            ) from error
        except ArgumentError:
            raise
        except (ValueError, RuntimeError) as error:
            raise ArgumentError(
                f"exact_divergence('{d.name}'): a law fails at its own samples or the other's: "
                f"{str(error).splitlines()[0]}; expected log_prob to be a number on its support"
            ) from error
        chunks.append(log_h(torch.where(log_p == log_q, 0.0, log_p - log_q)))
    log_terms = torch.cat(chunks)
    if bool(log_terms.isnan().any()):
        raise ArgumentError(f"exact_divergence('{d.name}'): log_prob is NaN at a sample; expected a number everywhere")
    return log_terms


def _log_prob(law: Distribution, x: Tensor) -> Tensor:
    """Log density at x (n, ...), float64, −inf off the support."""
    if isinstance(law, Independent) and type(law.base_dist) in UNIVARIATE and x.dim() == 2:
        return line_of(law.base_dist).each(Points.at(x.double().T)).sum(0)
    support = law.support
    assert support is not None  # every law of torch that has a log_prob has one
    known = support.check(x).reshape(-1)  # type: ignore[no-untyped-call]
    inside = x[:1] if bool(known.all()) else law.sample(torch.Size((1,)))
    safe = torch.where(known.reshape(-1, *[1] * (x.dim() - 1)), x, inside)
    return torch.where(known, law.log_prob(safe).double().reshape(-1), -torch.inf)


def _moments(log_terms: Tensor) -> tuple[float, float]:
    """Mean, and variance of it."""
    terms = log_terms.exp()
    return float(terms.mean()), float(terms.var()) / len(terms)


def _check_tail(d: Divergence, log_terms: Tensor, role: str) -> None:
    """Fit a generalised Pareto law to the largest terms, as Pareto-smoothed importance sampling does.

    Raises:
        ArgumentError: if its shape is so large that their variance, or their mean, is infinite.
    """
    count = min(_TAIL, int(min(0.2 * len(log_terms), 3 * math.sqrt(len(log_terms)))))
    largest = np.sort(log_terms.numpy())[-count - 1 :]
    if not math.isfinite(largest[0]):
        return  # too few terms that are not zero
    excess = np.exp(largest[1:] - largest[-1]) - math.exp(largest[0] - largest[-1])
    if excess[-1] <= 1e-9 or not (excess > 0).all():
        return  # at its bound: no tail at all
    shape, _, _ = genpareto.fit(excess, floc=0)
    if shape > _HEAVIEST:
        raise ArgumentError(
            f"exact_divergence('{d.name}'): the value is infinite or out of reach of Monte Carlo: the largest of "
            f"{len(log_terms)} terms at points of {role} have a Pareto tail of shape {shape:.2g}; expected at most "
            f"{_HEAVIEST}: beyond it their average does not settle"
        )
