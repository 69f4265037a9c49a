"""Exact divergences of known distributions: closed forms, quadrature, sums, or Monte Carlo with a standard error."""

from __future__ import annotations

import torch
from torch.distributions import Distribution, constraints

from bench.divergences import Divergence, divergence
from bench.exact.discrete import add_up
from bench.exact.families import family_divergence
from bench.exact.gaussian import Gaussian, as_gaussian, gaussian_divergence
from bench.exact.integrand import at_equality
from bench.exact.laws import common_dimension, is_discrete, prepare
from bench.exact.monte_carlo import sample_mean
from bench.exact.parts import parts_of, product_of
from bench.exact.products import coordinates, product_divergence
from bench.exact.quadrature import MAX_DIMENSIONS, integrate, integrate_parts
from bench.exact.reduction import without_common_transforms
from bench.exact.sufficient import sufficient_coordinates
from bench.exact.value import Exact

__all__ = ["Exact", "exact_divergence"]

SAMPLES = 2**20


def exact_divergence(name: str, p: Distribution, q: Distribution, *, samples: int = SAMPLES, seed: int = 0) -> Exact:
    """D_f(P‖Q) = E_Q[f(p/q)] of two known distributions, in nats, by the most exact method there is.

    Laws that one bijection makes of two others (LogNormal, LogisticNormal, …) are replaced by these: no f-divergence
    changes.

    1. Closed forms for kl, reverse_kl, jeffreys, pearson, neyman, squared_hellinger and alpha(a): exact to rounding,
       also for laws that differ by 1e-9 and for a within 1e-300 of 0. For two Gaussians of any dimension, and for two
       laws of one exponential family (`bench.exact.families`: Gamma, Beta, Dirichlet, Poisson, Geometric, VonMises, …).
    2. A sum, for two discrete laws on the same finitely many points, and for laws of counts up to 8 million, mixtures
       included: exact to rounding.
    3. Coordinate by coordinate, for laws of independent coordinates and the divergences of 1.: kl, reverse_kl and
       jeffreys add, ∫ pᵃ q¹⁻ᵃ multiplies.
    4. Adaptive quadrature on a line, cut wherever either law ends, bends or peaks, with densities of every univariate
       law of torch (and of affine, exp, sigmoid and power transforms of them) that are exact at any distance from
       there. It aims at a relative error of 1e-11; `error` bounds the true one, and a value whose error is above 1e-7
       is an error message. VonMises lives on [−π, π], where torch draws it.
    5. Adaptive cubature in the plane, and for two Gaussians of any dimension whose log-ratio depends on two numbers or
       fewer (equal or proportional covariances, one correlation), to an estimated relative error of 1e-7. In 4. and 5.
       the densities are integrated along with the value and must come to 1 ± 1e-7, also before it is called infinite.
    6. Monte Carlo beyond: half of the samples from each law, with a standard error. Where the largest terms show that
       an average does not converge, there is an error message instead of a value.

    No value lies outside the range of the divergence.

    Parameters are taken as the numbers that they are, computed with in float64 on the CPU: neither their type nor
    their device matters. Values beyond 1.8e308 are inf.

    Args:
        name: a divergence.
        p: the law of the data, with event shape () or (d,); batch shapes of one element are ignored.
        q: the law of the model, likewise.
        samples: how many points Monte Carlo draws.
        seed: of Monte Carlo; the global random state is left as it was.

    Returns:
        The value, a float with `method`, `error` (of quadrature) and `stderr` (of Monte Carlo); inf where infinite.

    Raises:
        UnknownNameError: if there is no such divergence.
        ArgumentError: if no such value exists (a batch of laws, matrices, different dimensions, a discrete law against
            a continuous one, a singular covariance, parameters that are not finite, no density), or it cannot be had
            to the accuracy promised.
    """
    wanted = divergence(name)
    with torch.no_grad():
        first, second = prepare(p, "p"), prepare(q, "q")
        common_dimension(first, second)
        first, second = without_common_transforms(first, second)
        value = _without_sampling(wanted, first, second)
    return sample_mean(wanted, first, second, samples, seed) if value is None else value


def _without_sampling(d: Divergence, p: Distribution, q: Distribution) -> Exact | None:
    for attempt in (_closed_form, _by_coordinates, _sum, _quadrature, _sufficient):
        value = attempt(d, p, q)
        if value is not None:
            return value
    return None


def _closed_form(d: Divergence, p: Distribution, q: Distribution) -> Exact | None:
    pair = _gaussians(p, q)
    value = gaussian_divergence(d.name, *pair) if pair else family_divergence(d.name, p, q)
    return None if value is None else Exact(value, "closed form")


def _by_coordinates(d: Divergence, p: Distribution, q: Distribution) -> Exact | None:
    axes_p, axes_q = coordinates(p), coordinates(q)
    if not axes_p or not axes_q:
        return None
    return product_divergence(d.name, axes_p, axes_q, _one_coordinate)


def _one_coordinate(name: str, p: Distribution, q: Distribution) -> Exact:
    value = _without_sampling(divergence(name), *without_common_transforms(p, q))
    assert value is not None  # in one dimension there is always a method, or an error
    return value


def _sum(d: Divergence, p: Distribution, q: Distribution) -> Exact | None:
    return add_up(d, p, q) if is_discrete(p) else None


def _quadrature(d: Divergence, p: Distribution, q: Distribution) -> Exact | None:
    on_simplex = any(law.support is constraints.simplex for law in (p, q))  # a density on a slice of the space
    return None if on_simplex or p.event_shape.numel() > MAX_DIMENSIONS else integrate(d, p, q)


def _sufficient(d: Divergence, p: Distribution, q: Distribution) -> Exact | None:
    pair = _gaussians(p, q)
    laws = sufficient_coordinates(*pair) if pair else []
    if not pair or len(laws) > MAX_DIMENSIONS:
        return None
    if not laws:
        return Exact(at_equality(d), "closed form")
    if len(laws) == 1:
        return integrate(d, *laws[0])
    return integrate_parts(d, *(product_of([parts_of(law) for law in side]) for side in zip(*laws, strict=True)))


def _gaussians(p: Distribution, q: Distribution) -> tuple[Gaussian, Gaussian] | None:
    first, second = as_gaussian(p, "p"), as_gaussian(q, "q")
    return None if first is None or second is None else (first, second)
