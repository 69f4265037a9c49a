"""Any law in one dimension as a `Line`."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.distributions import (
    Distribution,
    Independent,
    LowRankMultivariateNormal,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    TransformedDistribution,
)

from bench.exact import generic
from bench.exact.lines import Line, line
from bench.exact.points import Points
from bench.exact.transformed import push, steps
from bench.exact.univariate import UNIVARIATE


def line_of(law: Distribution) -> Line:
    """The parts of a law on a line (float64), of a mixture one for each component, and of a batch one for each law.

    Raises:
        ArgumentError: if the law has no density, or cannot be sampled to see where it lies.
    """
    if isinstance(law, Independent) and law.event_shape.numel() == 1:
        return line_of(law.base_dist)
    if isinstance(law, MixtureSameFamily) and law.batch_shape.numel() == 1:
        return line_of(law.component_distribution).weighed(log_weights(law).reshape(-1))
    if type(law) in UNIVARIATE:
        return UNIVARIATE[type(law)](law)
    if isinstance(law, MultivariateNormal | LowRankMultivariateNormal):
        return line_of(Normal(law.loc, law.variance.sqrt()))
    if type(law) is TransformedDistribution and all(transform.bijective for transform in law.transforms):
        pushed = line_of(law.base_dist)
        for transform in steps(law.transforms):
            pushed = push(pushed, transform)
        return pushed
    return _unknown(law)


def log_weights(law: MixtureSameFamily) -> Tensor:
    """Log weights of the parts, exact where a weight is 0 (torch's own logits put 2e-16 there)."""
    choice = law.mixture_distribution
    given = vars(choice).get("probs")
    if given is None:
        return torch.log_softmax(torch.as_tensor(choice.logits), -1)
    weights: Tensor = given / given.sum(-1, keepdim=True)
    return weights.log()


def _unknown(law: Distribution) -> Line:
    """A law that is known by its support, samples and log_prob alone, at the numbers that float64 has."""
    count = law.batch_shape.numel()
    low, high = (end.reshape(count, 1) for end in generic.support_ends(law))
    location, frame = generic.place(law, 1)
    width = frame.reshape(count, 1)
    density = generic.log_density(law, count)
    infinity = torch.full_like(low, torch.inf)
    least, most = torch.nextafter(low, infinity).min(), torch.nextafter(high, -infinity).max()

    def inside(points: Points) -> Tensor:
        return density(points.x.reshape(-1).clamp(least, most)[:, None])

    marks = torch.cat([location - width, location, location + width], 1)
    return replace(line(inside, marks, width, low, high), exact=False)
