"""What `register_divergence` takes: convex functions in torch operations; everything else is one clear error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from bench import ArgumentError, BenchError, register_divergence
from bench.divergence_checks import check_divergence
from bench.divergences import DIVERGENCES
from tests.registries import restored

Elementwise = Callable[[Tensor], Tensor]


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with restored():
        yield


def refuse(f: object, match: str, name: str = "mine", **facts: object) -> None:
    with pytest.raises(ArgumentError, match=match):
        register_divergence(name, f, **facts)  # type: ignore[arg-type]
    assert name not in DIVERGENCES


@pytest.mark.parametrize("name", [name for name in DIVERGENCES if name != "gan"])
def test_what_ships_passes(name: str) -> None:
    d = DIVERGENCES[name]
    register_divergence("mine", d.f, slope=d.slope, intercept=d.intercept)


CONVEX: dict[str, Elementwise] = {
    "exponential": lambda r: r.exp() - math.e * r,
    "twentieth power": lambda r: r**20,
    "steep at zero": lambda r: r**-6,
    "kink": lambda r: (r - 1).abs(),
    "hockey stick": lambda r: torch.relu(r - 2),
    "two pieces": lambda r: torch.where(r < 1, (1 - r) ** 2, 3 * (r - 1) ** 2),
    "large": lambda r: 1e8 * (r - 1) ** 2,
    "small": lambda r: 1e-3 * (r - 1) ** 2,
    "cancelling": lambda r: (r**1e-6 - 1 - 1e-6 * (r - 1)) / (1e-6 * (1e-6 - 1)),
    "builtin": torch.square,
}


@pytest.mark.parametrize("name", CONVEX)
def test_convex_functions_pass(name: str) -> None:
    assert register_divergence("mine", CONVEX[name]).f is CONVEX[name]


CONCAVE: dict[str, Elementwise] = {
    "logarithm": lambda r: r.log(),
    "minus kl": lambda r: -r * r.log(),
    "root": lambda r: r.sqrt(),
    "inflection": lambda r: (r - 1) ** 3,
    "waves": lambda r: (r - 1) ** 2 + 0.3 * (5 * r).cos(),
    "step": lambda r: (r - 1) ** 2 + (r > 2),
}


@pytest.mark.parametrize("name", CONCAVE)
def test_functions_that_are_not_convex_are_refused(name: str) -> None:
    refuse(CONCAVE[name], "f is not convex: at r = .* below its tangent at r = .*; expected a convex f")


@settings(max_examples=50)
@given(
    weights=st.lists(st.floats(0, 10), min_size=len(CONVEX), max_size=len(CONVEX)),
    slope=st.floats(-10, 10),
)
def test_sums_of_convex_functions_are_convex(weights: list[float], slope: float) -> None:
    assume(max(weights[:2] + weights[3:4]) > 1e-3)  # else what curves may be less than rounding

    def f(r: Tensor) -> Tensor:
        parts = zip(weights, CONVEX.values(), strict=True)
        return torch.stack([w * part(r) for w, part in parts if w > 0]).sum(0) + slope * (r - 1)

    check_divergence("mine", f, {}, (), ())


@given(dent=st.floats(0.01, 1), place=st.floats(-2, 2), width=st.floats(0.2, 1))
def test_a_dent_is_found(dent: float, place: float, width: float) -> None:
    """A tangent plus a bump: f'' at its top is −dent/width², which log-spaced points cannot step over."""

    def f(r: Tensor) -> Tensor:
        return r + dent * torch.exp(-(((r.log() - place) / width) ** 2))

    with pytest.raises(ArgumentError, match="not convex"):
        check_divergence("mine", f, {}, (), ())


class Square(torch.autograd.Function):
    """Without a rule for forward derivatives."""

    @staticmethod
    def forward(ctx: object, r: Tensor) -> Tensor:
        return r**2

    @staticmethod
    def backward(ctx: object, *grads: Tensor) -> Tensor:
        return grads[0]


@pytest.mark.parametrize(
    "f",
    [
        lambda r: np.log(r) * r,
        lambda r: r.detach().numpy() ** 2,
        lambda r: [value**2 for value in r],
        lambda r: 3.0,
        lambda r: r.detach() ** 2,
        lambda r: torch.ones_like(r),
        lambda r: (r**2).sum(),
        lambda r: r.long(),
        lambda r: r.no_such_operation(),
        Square.apply,
        None,
    ],
)
def test_functions_that_autograd_cannot_follow_are_refused(f: object) -> None:
    refuse(f, "f is not a function in torch operations that autograd can follow: .*; expected an elementwise one")


def test_functions_of_all_ratios_together_are_refused() -> None:
    refuse(lambda r: r**2 / r.mean(), "depends on the others; expected an elementwise function")


def test_functions_that_are_not_finite_are_refused() -> None:
    refuse(lambda r: (r - 1).log(), r"f\(.*\) = nan, .*; expected f finite, with a derivative, for every r > 0")
    refuse(lambda r: torch.where(r > 2, math.inf, r**2), r"f\(.*\) = inf")


def test_straight_lines_are_refused() -> None:
    refuse(lambda r: 2 * r - 1, "f is a straight line, so .* is 1.* for every pair of laws")


@pytest.mark.parametrize("name", ["alpha(2)", "alpha(x)", "alpha("])
def test_names_of_families_are_refused(name: str) -> None:
    refuse(lambda r: r**2, "needs no registration; expected another name", name)


@pytest.mark.parametrize("name", ["", " ", None, 3])
def test_names_are_texts(name: object) -> None:
    with pytest.raises(ArgumentError, match=r"found name .*; expected a text"):
        register_divergence(name, lambda r: r**2)  # type: ignore[arg-type]


def test_names_that_are_taken_are_refused() -> None:
    with pytest.raises(BenchError, match="choose another name"):
        register_divergence("kl", lambda r: r * r.log())


def test_facts_are_checked() -> None:
    refuse(lambda r: r * r.log(), "found unknown slop; expected some of slope, intercept", slop=1)
    refuse(lambda r: r * r.log(), r"the slope that is given is not that of f; expected v ↦ f'", slope=lambda v: v)
    refuse(lambda r: r * r.log(), "the intercept that is given is not that of f", intercept=lambda v: v.exp())
