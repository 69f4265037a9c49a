"""Laws as mixtures of parts: where each part lies, how wide it is, where it ends, and its log density."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import (
    Distribution,
    Independent,
    LowRankMultivariateNormal,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)

from bench.errors import ArgumentError
from bench.exact import generic
from bench.exact.generic import LogDensity
from bench.exact.line_of import line_of, log_weights
from bench.exact.points import Points
from bench.exact.univariate import UNIVARIATE

_MOST_PARTS = 1024


@dataclass(frozen=True)
class Parts:
    """K parts of a law in d dimensions, all float64.

    Attributes:
        log_weight: shape (K,), −inf for a part of weight 0.
        location: shape (K, d).
        frame: shape (K, d, d), lower triangular: location + frame · u spreads a u of unit size over the part.
        low: lower end of the support on each axis, shape (K, d), −inf where there is none.
        high: upper end, likewise.
        log_density: x (n, d) ↦ log density of every part, shape (K, n), −inf off its support.
        kinks: where it bends on each axis, shape (K, d), NaN where it does not.
        known: whether log_density is this package's own, which integrates to 1, and not a law's log_prob.
    """

    log_weight: Tensor
    location: Tensor
    frame: Tensor
    low: Tensor
    high: Tensor
    log_density: LogDensity
    kinks: Tensor
    known: bool


def parts_of(law: Distribution) -> Parts:
    """The parts of a law in one or two dimensions; a law that is no mixture is one part.

    Raises:
        ArgumentError: if the law has no density, or cannot be sampled to see where it lies.
    """
    if isinstance(law, MixtureSameFamily):
        weights = log_weights(law).reshape(-1)
        return _batch(law.component_distribution, weights, law.event_shape.numel())
    if isinstance(law, Independent) and isinstance(law.base_dist, MixtureSameFamily) and law.event_shape:
        return _product(law.base_dist, law.event_shape.numel())
    return _batch(law, torch.zeros(1, dtype=torch.float64), law.event_shape.numel())


def _batch(laws: Distribution, log_weight: Tensor, d: int) -> Parts:
    """A batch of K laws, each a part."""
    if isinstance(laws, Independent) and type(laws.base_dist) in UNIVARIATE and not _gaussian(laws):
        return _axes(laws.base_dist, log_weight, d)
    low, high = (bound.reshape(len(log_weight), d) for bound in generic.support_ends(laws))
    location, frame = generic.place(laws, d)
    fast = _gaussian_log_density(location, frame) if _gaussian(laws) else None
    density = fast or generic.log_density(laws, len(log_weight))
    return Parts(log_weight, location, frame, low, high, density, torch.full_like(location, math.nan), fast is not None)


def _axes(base: Distribution, log_weight: Tensor, d: int) -> Parts:
    """K products of d univariate laws."""
    lines = line_of(base)  # a row for each part and axis
    low, high, mark, width = (
        column[:, 0].reshape(-1, d) for column in (lines.low, lines.high, lines.marks, lines.width)
    )
    location = torch.where(mark.isnan(), (low + high) / 2, mark)

    def log_density(x: Tensor) -> Tensor:
        return torch.stack([lines.each(Points.at(x[:, axis]))[axis::d] for axis in range(d)]).sum(0)

    kinks = location if lines.bends else torch.full_like(location, math.nan)
    return Parts(log_weight, location, torch.diag_embed(width), low, high, log_density, kinks, known=True)


def _product(axes: MixtureSameFamily, d: int) -> Parts:
    """Independent mixtures on each of d axes: every choice of one component per axis is a part."""
    weights = log_weights(axes).reshape(d, -1)
    count = weights.shape[1]
    if count**d > _MOST_PARTS:
        raise ArgumentError(f"exact_divergence: found a product of {count}^{d} modes; expected at most {_MOST_PARTS}")
    single = _batch(axes.component_distribution, weights.reshape(-1), 1)
    return product_of([_some(single, slice(axis * count, (axis + 1) * count)) for axis in range(d)])


def _some(parts: Parts, which: slice) -> Parts:
    return Parts(
        parts.log_weight[which],
        parts.location[which],
        parts.frame[which],
        parts.low[which],
        parts.high[which],
        lambda x: parts.log_density(x)[which],
        parts.kinks[which],
        parts.known,
    )


def product_of(axes: Sequence[Parts]) -> Parts:
    """The joint law of independent coordinates, from the parts of each."""
    choice = torch.cartesian_prod(*(torch.arange(len(parts.log_weight)) for parts in axes)).reshape(-1, len(axes))
    pairs = list(zip(axes, choice.T, strict=True))

    def log_density(x: Tensor) -> Tensor:
        summed = torch.zeros(len(choice), len(x), dtype=torch.float64)
        for axis, (parts, index) in enumerate(pairs):
            summed += parts.log_density(x[:, axis : axis + 1])[index]
        return summed

    location, low, high, kinks = (
        torch.cat([getattr(parts, name)[index] for parts, index in pairs], 1)
        for name in ("location", "low", "high", "kinks")
    )
    width = torch.cat([parts.frame[index, 0] for parts, index in pairs], 1)
    weight = torch.stack([parts.log_weight[index] for parts, index in pairs], 1).sum(1)
    known = all(parts.known for parts in axes)
    return Parts(weight, location, torch.diag_embed(width), low, high, log_density, kinks, known)


def _gaussian(laws: Distribution) -> bool:
    base = laws.base_dist if isinstance(laws, Independent) else laws
    return isinstance(base, Normal | MultivariateNormal | LowRankMultivariateNormal)


def _gaussian_log_density(location: Tensor, frame: Tensor) -> LogDensity:
    """The same as log_prob, several times faster: one small matrix for each part."""
    identity = torch.eye(location.shape[1], dtype=torch.float64)
    whiten = torch.linalg.solve_triangular(frame, identity, upper=False)
    at_mode = -frame.diagonal(dim1=1, dim2=2).log().sum(1) - 0.5 * location.shape[1] * math.log(2 * math.pi)

    centre = (whiten @ location[:, :, None])[:, :, 0]

    def value(x: Tensor) -> Tensor:
        log_density = at_mode[:, None].expand(-1, len(x)).clone()
        for row in range(location.shape[1]):
            u = torch.addmm(centre[:, row, None], whiten[:, row, : row + 1], x.T[: row + 1], beta=-1)
            log_density.sub_(u.square_(), alpha=0.5)
        return log_density

    return value
