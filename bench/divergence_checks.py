"""What makes a function f a divergence: convex, elementwise, in torch operations that can be differentiated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor

from bench.errors import ArgumentError

Elementwise = Callable[[Tensor], Tensor]

_REACH, _POINTS = 7.0, 141  # nats about r = 1, where f is looked at
_FINITE_WITHIN = 3.0  # nats, where f has to be finite; it may grow beyond float64 farther out, as exp(r) does
_ROUNDING = 1e-6  # of 1 + r: f may be a difference of terms of that size over a small number
_RELATIVE = 1e-9  # of the largest term of a tangent
_CLOSED_FORM = 1e-4  # of slope and intercept, between what is given and what f says


def check_divergence(
    name: str, f: Elementwise, facts: Mapping[str, object], known: Collection[str], families: Collection[str]
) -> None:
    """Refuse what `register_divergence` cannot make a divergence of.

    Args:
        name: its name.
        f: its function.
        facts: what else is said of it.
        known: what may be said.
        families: what names of families begin with.

    Raises:
        ArgumentError: if the name is no text or belongs to a family, a fact is unknown, f is not convex or is affine,
            not elementwise, not in torch operations, not finite near 1, or a closed form is not f's.
    """
    _check_name(name, families)
    what = f"divergence '{name}'"
    strange = sorted(set(facts) - set(known))
    if strange:
        raise ArgumentError(f"{what}: found unknown {', '.join(strange)}; expected some of {', '.join(known)}")
    v = torch.linspace(-_REACH, _REACH, _POINTS, dtype=torch.float64) + 1e-3  # many f have a kink at r = 1
    r = v.exp()
    value, slope, forward = _differentiate(f, r, what)
    _check_elementwise(f, r, value, what)
    if not torch.allclose(forward, slope, rtol=1e-6, atol=1e-6, equal_nan=True):
        raise ArgumentError(f"{what}: forward and backward derivatives of f differ; expected torch operations alone")
    _check_finite(v, value, slope, what)
    _check_convex(r, value, slope, what)
    _check_closed_forms(facts, v, {"slope": slope, "intercept": value - r * slope}, what)


def _check_name(name: object, families: Collection[str]) -> None:
    if not isinstance(name, str) or not name.strip():
        raise ArgumentError(f"register_divergence: found name {name!r}; expected a text")
    family = next((family for family in families if name.startswith(family)), None)
    if family is not None:
        raise ArgumentError(
            f"divergence '{name}': the family {family}…) has all names that begin so, and needs no registration; "
            "expected another name"
        )


def _differentiate(f: Elementwise, r: Tensor, what: str) -> tuple[Tensor, Tensor, Tensor]:
    """Values and derivatives of f, by both modes of autograd: directions need one, tangents the other."""
    try:
        with torch.enable_grad():
            at = r.clone().requires_grad_()
            value = f(at)
            if not isinstance(value, Tensor):
                raise TypeError(f"it returns a {type(value).__name__}")
            if value.shape != r.shape or not value.is_floating_point():
                raise TypeError(f"from shape {tuple(r.shape)} it makes shape {tuple(value.shape)} of {value.dtype}")
            if not value.requires_grad:
                raise TypeError("what it returns cannot be differentiated")
            (slope,) = torch.autograd.grad(value.sum(), at)
        _, forward, *_ = torch.func.jvp(f, (r,), (torch.ones_like(r),))
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise ArgumentError(
            f"{what}: f is not a function in torch operations that autograd can follow: {reason}; expected an "
            "elementwise one of a tensor r > 0, such as lambda r: r * r.log()"
        ) from None
    return value.detach().double(), slope.double(), forward.double()


def _check_elementwise(f: Elementwise, r: Tensor, value: Tensor, what: str) -> None:
    with torch.no_grad():
        few = f(r[::7].reshape(-1, 3)).flatten().double()
    if few.shape != r[::7].shape or not torch.allclose(few, value[::7], rtol=1e-6, atol=1e-9, equal_nan=True):
        raise ArgumentError(
            f"{what}: what f gives for one r depends on the others; expected an elementwise function, without sums or "
            "means over them"
        )


def _check_finite(v: Tensor, value: Tensor, slope: Tensor, what: str) -> None:
    near = v.abs() <= _FINITE_WITHIN
    wrong = value.isnan() | (value == -torch.inf) | (near & ~(value.isfinite() & slope.isfinite()))
    if bool(wrong.any()):
        at = int(wrong.double().argmax())
        found = f"f({float(v[at].exp()):.4g}) = {float(value[at])}, f' = {float(slope[at])}"
        raise ArgumentError(f"{what}: {found}; expected f finite, with a derivative, for every r > 0")


def _check_convex(r: Tensor, value: Tensor, slope: Tensor, what: str) -> None:
    """Every tangent of f lies below f, which is what the variational bound rests upon, and not all upon it."""
    finite = value.isfinite() & slope.isfinite()
    r, value, slope = r[finite], value[finite], slope[finite]
    rise = slope[:, None] * (r - r[:, None])
    above = value - (value[:, None] + rise)  # of the point of the column, over the tangent at that of the row
    largest = torch.maximum(value.abs(), torch.maximum(value.abs()[:, None], rise.abs()))
    allowed = _ROUNDING * (1 + torch.maximum(r, r[:, None])) + _RELATIVE * largest
    worst = int((above / allowed).argmin())
    i, j = worst // len(r), worst % len(r)
    if above[i, j] < -allowed[i, j]:
        raise ArgumentError(
            f"{what}: f is not convex: at r = {float(r[j]):.4g} it lies {-float(above[i, j]):.4g} below its tangent at "
            f"r = {float(r[i]):.4g}; expected a convex f, of which alone E_Q[f(p/q)] is a divergence (if it is "
            "concave, take −f)"
        )
    if bool((above <= allowed).all()):
        raise ArgumentError(
            f"{what}: f is a straight line, so E_Q[f(p/q)] is {float(value[len(value) // 2]):.4g} for every pair of "
            "laws; expected one that curves"
        )


def _check_closed_forms(facts: Mapping[str, object], v: Tensor, expected: Mapping[str, Tensor], what: str) -> None:
    """What is given for f' and f − r f' agrees with f where autograd tells it well."""
    near = v.abs() <= _FINITE_WITHIN
    for part, right in expected.items():
        given = facts.get(part)
        if given is None:
            continue
        found = given(v[near]) if callable(given) else given
        if not isinstance(found, Tensor) or not torch.allclose(
            found.double(), right[near], rtol=_CLOSED_FORM, atol=_CLOSED_FORM
        ):
            formula = {"slope": "f'(eᵛ)", "intercept": "f(eᵛ) − eᵛ f'(eᵛ)"}[part]
            raise ArgumentError(f"{what}: the {part} that is given is not that of f; expected v ↦ {formula}")
