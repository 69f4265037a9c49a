"""Laws as mixtures of parts: where each part lies, how wide it is, where it ends, and its log density."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import (
    Cauchy,
    Distribution,
    Independent,
    Laplace,
    LowRankMultivariateNormal,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    StudentT,
)

from bench.errors import ArgumentError

LogDensity = Callable[[Tensor], Tensor]

_PILOT, _SEED = 4001, 0  # points that place a part which has no location and scale of its own
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
    """

    log_weight: Tensor
    location: Tensor
    frame: Tensor
    low: Tensor
    high: Tensor
    log_density: LogDensity


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


def log_weights(law: MixtureSameFamily) -> Tensor:
    """Log weights of the parts, exact where a weight is 0 (torch's own logits put 2e-16 there)."""
    choice = law.mixture_distribution
    given = vars(choice).get("probs")
    if given is None:
        return torch.log_softmax(torch.as_tensor(choice.logits), -1)
    weights: Tensor = given / given.sum(-1, keepdim=True)
    return weights.log()


def _batch(laws: Distribution, log_weight: Tensor, d: int) -> Parts:
    """A batch of K laws, each a part."""
    low, high = (bound.reshape(len(log_weight), d) for bound in _support(laws, d))
    location, frame = _place(laws, d)
    fast = _gaussian_log_density(location, frame) if _gaussian(laws) else None
    return Parts(log_weight, location, frame, low, high, fast or _log_density(laws, len(log_weight)))


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

    location, low, high = (
        torch.cat([getattr(parts, name)[index] for parts, index in pairs], 1) for name in ("location", "low", "high")
    )
    width = torch.cat([parts.frame[index, 0] for parts, index in pairs], 1)
    weight = torch.stack([parts.log_weight[index] for parts, index in pairs], 1).sum(1)
    return Parts(weight, location, torch.diag_embed(width), low, high, log_density)


def _log_density(laws: Distribution, count: int) -> LogDensity:
    support = _constraint(laws)
    lead = [1] * len(laws.batch_shape)
    inside = _sample(laws, 1)[0]

    def value(x: Tensor) -> Tensor:
        shaped = x.reshape(-1, *lead, *laws.event_shape)
        try:
            known = support.check(shaped)  # type: ignore[attr-defined]
            if bool(known.all()):
                return laws.log_prob(shaped).reshape(-1, count).T
            spread = known.reshape(*known.shape, *[1] * len(laws.event_shape))
            at = laws.log_prob(torch.where(spread, shaped, inside))
        except NotImplementedError as error:
            raise _no_density(laws) from error
        return torch.where(known, at, -torch.inf).reshape(-1, count).T

    return value


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


def _place(laws: Distribution, d: int) -> tuple[Tensor, Tensor]:
    """Location (K, d) and frame (K, d, d)."""
    base = laws.base_dist if isinstance(laws, Independent) else laws
    if isinstance(base, MultivariateNormal):
        return base.loc.reshape(-1, d), base.scale_tril.reshape(-1, d, d)
    if isinstance(base, LowRankMultivariateNormal):
        return base.loc.reshape(-1, d), torch.linalg.cholesky(base.covariance_matrix).reshape(-1, d, d)
    if isinstance(base, Normal | StudentT | Cauchy | Laplace):
        scale = base.scale.expand(base.batch_shape).reshape(-1, d)
        return base.loc.expand(base.batch_shape).reshape(-1, d), torch.diag_embed(scale)
    points = _sample(laws, _PILOT).reshape(_PILOT, -1, d)
    lower, location, upper = points.quantile(torch.tensor([0.16, 0.5, 0.84], dtype=torch.float64), 0)
    width = ((upper - lower) / 2).clamp(min=torch.finfo(torch.float64).tiny)
    return location, torch.diag_embed(width)


def _sample(laws: Distribution, count: int) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(_SEED)
        try:
            return laws.sample(torch.Size((count,))).double()
        except NotImplementedError as error:
            raise ArgumentError(
                f"exact_divergence: {type(laws).__name__} cannot be sampled, so that nothing tells where it lies; "
                "expected a law with sample and log_prob"
            ) from error


def _constraint(laws: Distribution) -> object:
    try:
        support = laws.support
    except NotImplementedError:
        support = None
    if support is None:
        raise _no_density(laws)
    return support


def _no_density(laws: Distribution) -> ArgumentError:
    return ArgumentError(
        f"exact_divergence: {type(laws).__name__} has no log density; expected a law with log_prob and support"
    )


def _support(laws: Distribution, d: int) -> tuple[Tensor, Tensor]:
    """Lower and upper ends on each axis, shape (K, d) once reshaped."""
    support: object = _constraint(laws)
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    shape = (*laws.batch_shape, *laws.event_shape)
    ends = []
    for name, missing in (("lower_bound", -math.inf), ("upper_bound", math.inf)):
        bound = torch.as_tensor(getattr(support, name, missing), dtype=torch.float64)
        ends.append(bound.expand(shape))
    return ends[0], ends[1]
