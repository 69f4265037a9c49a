"""Pairs of laws by a common bijection of simpler ones, between which every f-divergence is the same."""

from __future__ import annotations

from torch.distributions import Distribution, TransformedDistribution

from bench.exact.products import identity
from bench.exact.transformed import steps


def without_common_transforms(p: Distribution, q: Distribution) -> tuple[Distribution, Distribution]:
    """The laws before the transforms, if both have the same and these are bijections; the pair itself otherwise."""
    if not isinstance(p, TransformedDistribution) or not isinstance(q, TransformedDistribution):
        return p, q
    first, second = steps(p.transforms), steps(q.transforms)
    if not first or not all(transform.bijective for transform in first) or identity(first) != identity(second):
        return p, q
    if p.base_dist.event_shape != q.base_dist.event_shape:
        return p, q
    return without_common_transforms(p.base_dist, q.base_dist)
