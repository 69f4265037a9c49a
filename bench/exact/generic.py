"""What any law tells of itself: samples to see where it lies, the ends of its support, log_prob."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import (
    Cauchy,
    Distribution,
    Independent,
    Laplace,
    LowRankMultivariateNormal,
    MultivariateNormal,
    Normal,
    StudentT,
)

from bench.errors import ArgumentError

LogDensity = Callable[[Tensor], Tensor]

_PILOT, _SEED = 4001, 0  # points that place a part which has no location and scale of its own


def log_density(laws: Distribution, count: int) -> LogDensity:
    """X (n, d) ↦ log density of every one of K laws, shape (K, n), −inf off their supports."""
    support = _constraint(laws)
    lead = [1] * len(laws.batch_shape)
    inside = sample(laws, 1)[0]

    def value(x: Tensor) -> Tensor:
        shaped = x.reshape(-1, *lead, *laws.event_shape)
        try:
            known = support.check(shaped)  # type: ignore[attr-defined]
            if bool(known.all()):
                return laws.log_prob(shaped).double().reshape(-1, count).T
            spread = known.reshape(*known.shape, *[1] * len(laws.event_shape))
            at = laws.log_prob(torch.where(spread, shaped, inside)).double()
        except NotImplementedError as error:
            raise _no_density(laws) from error
        except (ValueError, RuntimeError) as error:
            raise ArgumentError(
                f"exact_divergence: log_prob of {type(laws).__name__} fails inside the support that it declares: "
                f"{str(error).splitlines()[0]}; expected a number at every point of it"
            ) from error
        return torch.where(known, at, -torch.inf).reshape(-1, count).T

    return value


def check_log_density(role: str, at: Tensor, x: Tensor) -> None:
    """Refuse +inf and NaN, of log densities (n,) at points x (n, ...).

    Raises:
        ArgumentError: if there is one.
    """
    wrong = at.isnan() | (at == math.inf)
    if not bool(wrong.any()):
        return
    first = int(wrong.long().argmax())
    where = ", ".join(f"{value:.6g}" for value in x[first].reshape(-1).tolist())
    raise ArgumentError(
        f"exact_divergence: the log density of {role} at {where} is {float(at[first])}; expected a number, or -inf "
        "where there is no mass"
    )


def place(laws: Distribution, d: int) -> tuple[Tensor, Tensor]:
    """Location (K, d) and frame (K, d, d): location + frame · u spreads a u of unit size over a part."""
    base = laws.base_dist if isinstance(laws, Independent) else laws
    if isinstance(base, MultivariateNormal):
        return base.loc.reshape(-1, d), base.scale_tril.reshape(-1, d, d)
    if isinstance(base, LowRankMultivariateNormal):
        return base.loc.reshape(-1, d), torch.linalg.cholesky(base.covariance_matrix).reshape(-1, d, d)
    if isinstance(base, Normal | StudentT | Cauchy | Laplace):
        scale = base.scale.expand(base.batch_shape).reshape(-1, d)
        return base.loc.expand(base.batch_shape).reshape(-1, d), torch.diag_embed(scale)
    points = sample(laws, _PILOT).reshape(_PILOT, -1, d)
    lower, location, upper = points.quantile(torch.tensor([0.16, 0.5, 0.84], dtype=torch.float64), 0)
    width = ((upper - lower) / 2).clamp(min=torch.finfo(torch.float64).tiny)
    return location, torch.diag_embed(width)


def sample(laws: Distribution, count: int) -> Tensor:
    """Draws (count, *batch, *event), always the same; the global random state is left as it was.

    Raises:
        ArgumentError: if the law cannot be sampled.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(_SEED)
        try:
            return laws.sample(torch.Size((count,))).double()
        except (NotImplementedError, ValueError, RuntimeError) as error:
            raise ArgumentError(
                f"exact_divergence: {type(laws).__name__} cannot be sampled, so that nothing tells where it lies; "
                "expected a law with sample and log_prob"
            ) from error


def support_ends(laws: Distribution) -> tuple[Tensor, Tensor]:
    """Lower and upper ends on each axis, shape (*batch, *event) each, infinite where there is none."""
    support: object = _constraint(laws)
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    shape = (*laws.batch_shape, *laws.event_shape)
    ends = []
    for name, missing in (("lower_bound", -math.inf), ("upper_bound", math.inf)):
        bound = torch.as_tensor(getattr(support, name, missing), dtype=torch.float64)
        ends.append(bound.expand(shape))
    return ends[0], ends[1]


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
