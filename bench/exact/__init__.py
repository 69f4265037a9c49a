"""Exact divergences of known distributions: closed forms, or quadrature."""

from __future__ import annotations

from torch.distributions import Distribution

from bench.divergences import divergence
from bench.errors import BenchError
from bench.exact.gaussian import as_gaussian, gaussian_divergence
from bench.exact.quadrature import MAX_DIMENSIONS, integrate

__all__ = ["exact_divergence"]


def exact_divergence(name: str, p: Distribution, q: Distribution) -> float:
    """D_f(P‖Q) = E_Q[f(p/q)] of two known distributions, in nats.

    Two Gaussians of any dimension have closed forms for kl, reverse_kl, jeffreys, pearson, neyman, squared_hellinger
    and alpha(a). All else is integrated numerically, in one dimension, to a relative error of 1e-7 or better as
    estimated by the quadrature.

    Args:
        name: a divergence.
        p: the law of the data, with real event shape () or (d,); batch shapes of one element are ignored.
        q: the law of the model, likewise.

    Returns:
        The value; inf where it is infinite.

    Raises:
        UnknownNameError: if there is no such divergence.
        BenchError: if the distributions do not fit each other, are discrete, have too many dimensions for quadrature,
            or the integral cannot be had to the accuracy promised.
    """
    wanted = divergence(name)
    dimension = _common_dimension(p, q)
    gaussians = as_gaussian(p), as_gaussian(q)
    if gaussians[0] is not None and gaussians[1] is not None:
        closed = gaussian_divergence(wanted.name, gaussians[0], gaussians[1])
        if closed is not None:
            return closed
    if dimension > MAX_DIMENSIONS:
        raise BenchError(
            f"exact_divergence('{name}'): found {dimension} dimensions and no closed form; expected two Gaussians, or "
            f"{MAX_DIMENSIONS} dimension; bench.estimate_divergences works from samples in any dimension"
        )
    return integrate(wanted, p, q)


def _common_dimension(p: Distribution, q: Distribution) -> int:
    dimensions = []
    for role, law in (("p", p), ("q", q)):
        if law.batch_shape.numel() != 1:
            raise BenchError(
                f"exact_divergence: {role} is a batch of {law.batch_shape.numel()} distributions; expected one; "
                "for a joint law of independent coordinates use torch.distributions.Independent(law, 1)"
            )
        if getattr(law.support, "is_discrete", False):
            raise BenchError(f"exact_divergence: {role} is discrete; expected a law with a density")
        if len(law.event_shape) > 1:
            raise BenchError(f"exact_divergence: {role} has event shape {tuple(law.event_shape)}; expected () or (d,)")
        dimensions.append(law.event_shape.numel())
    if dimensions[0] != dimensions[1]:
        raise BenchError(f"exact_divergence: p has {dimensions[0]} dimensions and q {dimensions[1]}; expected the same")
    return dimensions[0]
