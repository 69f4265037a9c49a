"""Laws of independent coordinates: divergences that add or multiply over them, in any dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal, Transform

from bench.divergences import ALPHA_OF, alpha_parameter
from bench.exact.value import Exact, Method

OneDivergence = Callable[[str, Distribution, Distribution], Exact]

ADDITIVE = ("kl", "reverse_kl", "jeffreys")


def coordinates(law: Distribution) -> list[Distribution] | None:
    """The one-dimensional laws whose product the law is, or None if it is none that is known to be."""
    if isinstance(law, MultivariateNormal):
        factor = law.scale_tril.reshape(law.event_shape * 2)
        if bool(factor.tril(-1).any()):
            return None
        return [Normal(*pair) for pair in zip(law.loc.reshape(-1), factor.diagonal(), strict=True)]
    if not isinstance(law, Independent) or law.base_dist.batch_shape != law.event_shape:
        return None
    count = law.event_shape.numel()
    return [_coordinate(law.base_dist, index, count) for index in range(count)]


def product_divergence(name: str, p: list[Distribution], q: list[Distribution], one: OneDivergence) -> Exact | None:
    """The divergence of two products from those of their coordinates, or None if it is no function of them.

    kl, reverse_kl and jeffreys add. For the alpha family ∫ pᵃ q¹⁻ᵃ = 1 + a(a − 1) alpha(a) multiplies.

    Args:
        name: the divergence.
        p: one-dimensional laws.
        q: as many.
        one: the divergence of a pair of them.
    """
    a, factor = ALPHA_OF.get(name, (alpha_parameter(name), 1.0))
    if name in ADDITIVE or a in (0.0, 1.0):
        return _total(_each(name, p, q, one))
    if a is None:
        return None
    scale = a * (a - 1)
    values = _each(f"alpha({a!r})", p, q, one)
    if any(math.isinf(value) for value, _ in values):
        return Exact(math.inf, _method(value for value, _ in values))
    log_integral = sum(
        count * math.log1p(max(scale * value, -1.0)) if scale * value > -1 else -math.inf for value, count in values
    )
    size = factor * math.expm1(log_integral) / scale if log_integral < 700 else math.inf
    relative = sum(
        count * abs(scale) * (value.error or 0.0) / max(1 + scale * value, 1e-300) for value, count in values
    )
    error = relative * factor * math.exp(min(log_integral, 700.0)) / abs(scale)
    upper = factor / -scale if scale < 0 else math.inf
    return _exact(min(size, upper), error, [value for value, _ in values])


def _total(values: list[tuple[Exact, int]]) -> Exact:
    value = math.fsum(count * value for value, count in values)
    return _exact(value, math.fsum(count * (value.error or 0.0) for value, count in values), [v for v, _ in values])


def _exact(value: float, error: float, each: list[Exact]) -> Exact:
    method = _method(each)
    return Exact(value, method, error=error if method == "quadrature" and math.isfinite(value) else None)


def _method(values: Iterable[Exact]) -> Method:
    """The least exact of those used."""
    used = {value.method for value in values}
    order: tuple[Method, ...] = ("quadrature", "sum", "closed form")
    return next(method for method in order if method in used)


def _each(name: str, p: list[Distribution], q: list[Distribution], one: OneDivergence) -> list[tuple[Exact, int]]:
    """The divergence of every different pair of coordinates, and how often it occurs."""
    pairs: dict[Hashable, tuple[Distribution, Distribution]] = {}
    counts: dict[Hashable, int] = {}
    for pair in zip(p, q, strict=True):
        key = tuple(identity(law) for law in pair)
        pairs.setdefault(key, pair)
        counts[key] = counts.get(key, 0) + 1
    return [(one(name, *pairs[key]), count) for key, count in counts.items()]


def identity(value: object) -> Hashable:
    """What is equal for equal laws; a different object where that cannot be told."""
    if isinstance(value, Tensor):
        return tuple(value.shape), tuple(value.reshape(-1).tolist())
    if isinstance(value, Distribution | Transform):
        held = {name: part for name, part in vars(value).items() if name not in ("_inv", "_cached_x_y")}
        return type(value), tuple((name, identity(part)) for name, part in sorted(held.items()))
    if isinstance(value, list | tuple):
        return tuple(identity(part) for part in value)
    return value if isinstance(value, Hashable) else id(value)


def _coordinate(value: object, index: int, count: int) -> Distribution:
    law = _take_one(value, index, count)
    assert isinstance(law, Distribution)
    return law


def _take_one(value: object, index: int, count: int) -> object:
    """One of a batch of `count` laws, by taking that entry of every parameter."""
    if isinstance(value, torch.Size):
        return torch.Size(value[1:]) if value[:1] == (count,) else value
    if isinstance(value, Tensor):
        return value[index] if value.shape[:1] == (count,) else value
    if isinstance(value, Distribution | Transform):
        fresh = object.__new__(type(value))
        for name, held in vars(value).items():
            # shapes of events stay; an inverse is made anew on demand
            kept = name in ("_event_shape", "_num_events", "_cache_size")
            vars(fresh)[name] = None if name == "_inv" else held if kept else _take_one(held, index, count)
        return fresh
    if isinstance(value, list | tuple):
        return type(value)(_take_one(part, index, count) for part in value)
    return value
