"""Distributions made fit for exact work: checked, in float64, on the CPU."""

from __future__ import annotations

import copy
from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, LowRankMultivariateNormal, MultivariateNormal, Transform

from bench.errors import ArgumentError

_GIVEN = ("scale_tril", "covariance_matrix", "precision_matrix")


def prepare(law: object, role: str) -> Distribution:
    """A checked copy of one distribution with parameters in float64 on the CPU: the same numbers, taken as exact.

    Args:
        law: what the user gave.
        role: "p" or "q", for messages.

    Raises:
        ArgumentError: if it is no distribution, a batch of them, over matrices, or has parameters that are not finite
            or a covariance that is not positive definite.
    """
    if not isinstance(law, Distribution):
        raise ArgumentError(
            f"exact_divergence: {role} is {type(law).__name__}; expected a distribution of torch.distributions"
        )
    if law.batch_shape.numel() != 1:
        raise ArgumentError(
            f"exact_divergence: {role} is a batch of {law.batch_shape.numel()} distributions; expected one; "
            "for a joint law of independent coordinates use torch.distributions.Independent(law, 1)"
        )
    if len(law.event_shape) > 1:
        raise ArgumentError(f"exact_divergence: {role} has event shape {tuple(law.event_shape)}; expected () or (d,)")
    try:
        exact = to_float64(law)
    except (RuntimeError, ValueError) as error:
        raise ArgumentError(f"exact_divergence: {role} is no valid distribution: {error}") from error
    assert isinstance(exact, Distribution)
    _check_parameters(exact, role)
    return exact


def common_dimension(p: Distribution, q: Distribution) -> int:
    """Number of coordinates of both.

    Raises:
        ArgumentError: if they differ, or one law is discrete and the other continuous.
    """
    sizes = p.event_shape.numel(), q.event_shape.numel()
    if sizes[0] != sizes[1]:
        raise ArgumentError(f"exact_divergence: p has {sizes[0]} dimensions and q {sizes[1]}; expected the same")
    kinds = is_discrete(p), is_discrete(q)
    if kinds[0] != kinds[1]:
        roles = ("p", "q") if kinds[0] else ("q", "p")
        raise ArgumentError(
            f"exact_divergence: {roles[0]} is discrete and {roles[1]} has a density; expected two laws of one kind: "
            "between a discrete and a continuous law no density ratio exists"
        )
    return sizes[0]


def is_discrete(law: Distribution) -> bool:
    """Whether the law sits on countably many points."""
    return bool(getattr(_support(law), "is_discrete", False))


def _support(law: Distribution) -> object:
    try:
        return law.support
    except NotImplementedError:
        return None


def to_float64(value: object, known: dict[int, object] | None = None) -> object:
    """A copy with every floating tensor in float64 on the CPU, through nested distributions, transforms and modules."""
    known = {} if known is None else known
    if id(value) in known:
        return known[id(value)]
    result = _convert(value, known)
    known[id(value)] = result
    return result


def _convert(value: object, known: dict[int, object]) -> object:
    if isinstance(value, Tensor):
        return value.detach().to("cpu", torch.float64 if value.is_floating_point() else value.dtype)
    if isinstance(value, nn.Module):
        return copy.deepcopy(value).to("cpu", torch.float64)
    if isinstance(value, MultivariateNormal):
        given = next(name for name in _GIVEN if name in vars(value))
        matrix = to_float64(vars(value)[given])
        return MultivariateNormal(_tensor(value.loc), **{given: matrix})  # type: ignore[arg-type]
    if isinstance(value, LowRankMultivariateNormal):
        return LowRankMultivariateNormal(_tensor(value.loc), _tensor(value.cov_factor), _tensor(value.cov_diag))
    if isinstance(value, Distribution | Transform):
        fresh = object.__new__(type(value))
        known[id(value)] = fresh  # before what it holds: a transform and its inverse hold each other
        derived = _derived(value)  # computed on demand in the old precision: once more on demand
        for name, held in vars(value).items():
            if name not in derived:
                vars(fresh)[name] = to_float64(held, known)
        return fresh
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(to_float64(item, known) for item in value)
    if type(value) is dict:
        return {key: to_float64(item, known) for key, item in value.items()}
    return value


def _derived(law: object) -> Collection[str]:
    """Of logits and probs, the one that the user did not give."""
    held = vars(law)
    given = held.get("_param")
    return [name for name in ("logits", "probs") if given is not None and name in held and held[name] is not given]


def _tensor(value: Tensor) -> Tensor:
    return value.detach().to("cpu", torch.float64)


def _check_parameters(law: Distribution, role: str) -> None:
    for part in _nested(law):
        for name in part.arg_constraints:
            value = vars(part).get(name)
            if not isinstance(value, Tensor) or name == "logits":
                continue
            if not bool(value.isfinite().all()):
                raise ArgumentError(
                    f"exact_divergence: {role} has a parameter '{name}' of {type(part).__name__} that is not finite"
                )
            if name in ("scale", "rate", "df", "cov_diag") and not bool((value > 0).all()):
                raise ArgumentError(
                    f"exact_divergence: {role} has a parameter '{name}' of {type(part).__name__} that is not positive: "
                    "it has no density"
                )


def _nested(law: Distribution) -> list[Distribution]:
    inner = [part for value in vars(law).values() if isinstance(value, Distribution) for part in _nested(value)]
    return [law, *inner]
