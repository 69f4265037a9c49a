"""The f-divergences as data: one table, everything else derived from it.

For a convex f, the f-divergence between P (density p) and Q (density q) is D_f(P‖Q) = E_Q[f(p/q)]. For any ratio model
r > 0 the tangent of f at r gives the variational bound (Ryu 2025, sec. 3.2; Nguyen et al. 2010)

    D_f(P‖Q) ≥ E_P[f'(r)] + E_Q[f(r) − r f'(r)],      with equality iff r = p/q.

Everything here is written in v = log r, in which each term is elementary: `slope` is v ↦ f'(eᵛ) and `intercept` is
v ↦ f(eᵛ) − eᵛ f'(eᵛ), the slope and the intercept of the tangent of f at r = eᵛ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.column import Column, Headline, divergence_column
from bench.divergence_checks import check_divergence
from bench.divergence_math import (
    REACH_OF_AUTOGRAD,
    Direction,
    alpha_of_ratio,
    direction_of,
    fenchel_jeffreys,
    power_over,
    tangent_by_autograd,
)
from bench.errors import ArgumentError, UnknownNameError
from bench.registry import Registry

Elementwise = Callable[[Tensor], Tensor]
LOG_2 = math.log(2.0)

ALPHA_OF = {"pearson": (2.0, 2.0), "neyman": (-1.0, 2.0), "squared_hellinger": (0.5, 0.5)}
"""Members of the alpha family under other names: (a, factor), the divergence being factor · alpha(a)."""


@dataclass(frozen=True)
class Divergence:
    """One f-divergence.

    Attributes:
        name: registered name.
        f: the convex function r ↦ f(r), for r > 0, elementwise.
        slope: v ↦ f'(eᵛ), finite for all v that `clamp` lets through.
        intercept: v ↦ f(eᵛ) − eᵛ f'(eᵛ), likewise.
        fenchel: V ↦ (T, f*(T)) of the Fenchel parameterisation, T = g_f(V) (Nowozin et al. 2016, table 2).
        lower: the smallest value, D_f(P‖P).
        upper: the supremum over all pairs, inf where it is unbounded.
        order: the largest |power| of r in the bound; what decides the range of v that a float type can hold.
        reach: the largest |v| at which slope and intercept are accurate.
        also: what it is called elsewhere.
        label: its name in print; empty for its registered name.
        unit: unit of its values; empty for pure numbers.
        about: what it is, in a sentence.
        headline: whether its estimates are compared in the report's first figure and told on the console.
        differentiable: whether the ratio bound has useful gradients in v.
    """

    name: str
    f: Elementwise
    slope: Elementwise
    intercept: Elementwise
    fenchel: Callable[[Tensor], tuple[Tensor, Tensor]]
    lower: float = 0.0
    upper: float = math.inf
    order: float = 1.0
    reach: float = math.inf
    also: str = ""
    label: str = ""
    unit: str = ""
    about: str = ""
    headline: Headline = ""
    differentiable: bool = True

    @property
    def range(self) -> tuple[float, float]:
        """The smallest value, and the supremum, inf where there is none."""
        return self.lower, self.upper

    @property
    def column(self) -> Column:
        """The column of its estimates, `div_<name>`."""
        return divergence_column(
            self.name,
            label=self.label,
            about=self.about,
            unit=self.unit,
            lower=self.lower,
            upper=None if math.isinf(self.upper) else self.upper,
            headline=self.headline,
            order=float(list(DIVERGENCES).index(self.name)) if self.name in DIVERGENCES else float(len(DIVERGENCES)),
        )

    @property
    def direction(self) -> Direction:
        """Which side's excess weighs more, as `direction_of` finds from f."""
        return direction_of(self.f)

    @property
    def symmetric(self) -> bool:
        """Whether D_f(P‖Q) = D_f(Q‖P)."""
        return self.direction == "symmetric"

    def clamp(self, log_ratio: Tensor) -> Tensor:
        """Limit v to where every bound term is finite in its float type.

        The bound holds for any ratio model, so also for the limited one: clamping can loosen it, never break it.
        """
        largest = (math.log(torch.finfo(log_ratio.dtype).max) - 2.0) / max(self.order, 1.0)
        limit = min(largest, self.reach)
        return log_ratio.clamp(-limit, limit)

    def terms(self, log_ratio_p: Tensor, log_ratio_q: Tensor) -> tuple[Tensor, Tensor]:
        """f'(r) at points of P and f(r) − r f'(r) at points of Q, elementwise.

        Args:
            log_ratio_p: v = log r at points of P, any shape.
            log_ratio_q: v = log r at points of Q, any shape.
        """
        return self.slope(self.clamp(log_ratio_p)), self.intercept(self.clamp(log_ratio_q))

    def bound(self, log_ratio_p: Tensor, log_ratio_q: Tensor) -> Tensor:
        """The variational lower bound E_P[f'(r)] + E_Q[f(r) − r f'(r)] (Ryu 2025, sec. 3.2), a scalar in nats.

        Args:
            log_ratio_p: v = log r at points of P, any shape.
            log_ratio_q: v = log r at points of Q, any shape.
        """
        at_p, at_q = self.terms(log_ratio_p, log_ratio_q)
        return at_p.mean() + at_q.mean()

    def fenchel_terms(self, output_p: Tensor, output_q: Tensor) -> tuple[Tensor, Tensor]:
        """T at points of P and −f*(T) at points of Q, from raw critic outputs V (Nowozin et al. 2016, eq. 6)."""
        statistic, _ = self.fenchel(self.clamp(output_p))
        _, conjugate = self.fenchel(self.clamp(output_q))
        return statistic, -conjugate


DIVERGENCES: Registry[Divergence] = Registry("divergence")

_FAMILIES = ("alpha(",)
_FACTS = tuple(part.name for part in fields(Divergence) if part.name not in ("name", "f"))


def divergence(name: str) -> Divergence:
    """The divergence registered as `name`; `alpha(a)` stands for a whole family, a any real number.

    Raises:
        UnknownNameError: if there is no such divergence.
        ArgumentError: if the parameter of `alpha(a)` is not a finite number.
    """
    if name in DIVERGENCES:
        return DIVERGENCES[name]
    a = alpha_parameter(name)
    if a is not None:
        return alpha(a)
    raise UnknownNameError("divergence", name, [*DIVERGENCES, "alpha(0.5)"])


def register_divergence(name: str, f: Elementwise, **facts: object) -> Divergence:
    """Make a divergence known by its f alone; f' and the bound terms follow by differentiation.

    Args:
        name: the name suites use.
        f: the convex function r ↦ f(r) for r > 0, in torch operations, elementwise.
        **facts: any of `label`, `unit`, `about`, `also`, `lower`, `upper`, `slope`, `intercept`, `fenchel`, `order`,
            `reach`, to replace what is derived. Give `slope` and `intercept` in closed form where log-ratios beyond ±25
            matter.

    Returns:
        The divergence, registered.

    Raises:
        ArgumentError: if f is not a convex, elementwise function in torch operations, the name belongs to a family such
            as alpha(2), a fact is unknown, or `slope` or `intercept` is not that of f.
        BenchError: if the name is taken.
    """
    check_divergence(name, f, facts, _FACTS, _FAMILIES)
    slope, intercept = tangent_by_autograd(f)
    derived: dict[str, object] = {"slope": slope, "intercept": intercept, "order": 2.0}
    derived["lower"] = float(f(torch.ones(1, dtype=torch.float64)))
    derived["reach"] = math.inf if {"slope", "intercept"} <= facts.keys() else REACH_OF_AUTOGRAD
    derived |= facts
    derived.setdefault("fenchel", _same_as_ratio(derived["slope"], derived["intercept"]))  # type: ignore[arg-type]
    origin = str(getattr(f, "__module__", None) or "")
    return DIVERGENCES.add(name, Divergence(name, f, **derived), origin)  # type: ignore[arg-type]


def alpha(a: float) -> Divergence:
    """The alpha family: f(r) = (rᵃ − 1 − a(r − 1)) / (a(a − 1)); a → 1 is kl, a → 0 reverse_kl.

    f'(r) = (r^(a−1) − 1)/(a − 1) and f(r) − r f'(r) = (1 − rᵃ)/a; both limits are taken where they are 0/0.

    Args:
        a: the order, any finite number.
    """

    def f(r: Tensor) -> Tensor:
        return alpha_of_ratio(r, a)

    def slope(v: Tensor) -> Tensor:
        return power_over(v, a - 1)

    def intercept(v: Tensor) -> Tensor:
        return -power_over(v, a)

    upper = 1 / (a * (1 - a)) if 0 < a < 1 else math.inf
    order = max(abs(a), abs(a - 1))
    fenchel = _same_as_ratio(slope, intercept)
    return Divergence(f"alpha({a!r})", f, slope, intercept, fenchel, upper=upper, order=order)


def alpha_parameter(name: str) -> float | None:
    """The a of "alpha(a)"; None for any other name.

    Raises:
        ArgumentError: if a is not a finite number.
    """
    if not (name.startswith("alpha(") and name.endswith(")")):
        return None
    text = name[len("alpha(") : -1]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentError(
            f"divergence '{name}': found parameter '{text}'; expected a finite number, as in alpha(0.5)"
        )
    return value


def _same_as_ratio(slope: Elementwise, intercept: Elementwise) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """The Fenchel form with T = f'(eᵛ): then f*(T) = r f'(r) − f(r), and both parameterisations coincide."""
    return lambda v: (slope(v), -intercept(v))


def _add(name: str, f: Elementwise, slope: Elementwise, intercept: Elementwise, **facts: object) -> None:
    facts.setdefault("fenchel", _same_as_ratio(slope, intercept))
    DIVERGENCES.add(name, Divergence(name, f, slope, intercept, **facts))  # type: ignore[arg-type]


_add(
    "kl",
    f=lambda r: torch.xlogy(r, r),
    slope=lambda v: v + 1,
    intercept=lambda v: -v.exp(),
    fenchel=lambda v: (v, (v - 1).exp()),
    also="forward KL, M-projection, maximum likelihood",
    label="KL(P‖Q)",
    unit="nats",
    about="KL(P‖Q), forward: grows where the model lacks mass that the data has.",
    headline="line",
)
_add(
    "reverse_kl",
    f=lambda r: -r.log(),
    slope=lambda v: -(-v).exp(),
    intercept=lambda v: 1 - v,
    also="KL(Q‖P), I-projection",
    label="KL(Q‖P)",
    unit="nats",
    about="KL(Q‖P), reverse: grows where the model has mass that the data lacks.",
    headline="page",
)
_add(
    "js",
    f=lambda r: torch.xlogy(r, r) - (r + 1) * ((r + 1) / 2).log(),
    slope=lambda v: LOG_2 - F.softplus(-v),
    intercept=lambda v: LOG_2 - F.softplus(v),
    upper=2 * LOG_2,
    also="twice the Jensen–Shannon divergence of weight 1/2",
    label="JS",
    unit="nats",
    about="Jensen–Shannon, KL(P‖M) + KL(Q‖M), M = (P + Q)/2, without the factor ½: in [0, 2 log 2].",
    headline="page",
)
_add(
    "gan",
    f=lambda r: torch.xlogy(r, r) - (r + 1) * (r + 1).log(),
    slope=lambda v: -F.softplus(-v),
    intercept=lambda v: -F.softplus(v),
    lower=-2 * LOG_2,
    upper=0.0,
    also="the value of the vanilla GAN (Goodfellow et al. 2014): js − 2 log 2",
    label="GAN",
    unit="nats",
    about="Value of the vanilla GAN: JS − 2 log 2, in [−2 log 2, 0].",
)
_add(
    "jeffreys",
    f=lambda r: (r - 1) * r.log(),
    slope=lambda v: v + 1 - (-v).exp(),
    intercept=lambda v: 1 - v - v.exp(),
    fenchel=fenchel_jeffreys,
    also="symmetrised KL, KL(P‖Q) + KL(Q‖P)",
    label="Jeffreys",
    unit="nats",
    about="KL(P‖Q) + KL(Q‖P).",
)
_add(
    "pearson",
    f=lambda r: (r - 1) ** 2,
    slope=lambda v: 2 * torch.expm1(v),
    intercept=lambda v: -torch.expm1(2 * v),
    fenchel=lambda v: (v, v**2 / 4 + v),
    order=2.0,
    also="Pearson χ²",
    label="Pearson χ²",
    about="∫(p − q)²/q.",
)
_add(
    "neyman",
    f=lambda r: (1 - r) ** 2 / r,
    slope=lambda v: -torch.expm1(-2 * v),
    intercept=lambda v: 2 * torch.expm1(-v),
    fenchel=lambda v: (-torch.expm1(-v), -2 * torch.expm1(-v / 2)),
    order=2.0,
    also="Neyman χ², Pearson χ² of (Q, P)",
    label="Neyman χ²",
    about="∫(p − q)²/p.",
)
_add(
    "squared_hellinger",
    f=lambda r: (r.sqrt() - 1) ** 2,
    slope=lambda v: -torch.expm1(-v / 2),
    intercept=lambda v: -torch.expm1(v / 2),
    fenchel=lambda v: (-torch.expm1(-v), torch.expm1(v)),
    upper=2.0,
    also="2(1 − Bhattacharyya coefficient)",
    label="Hellinger²",
    about="∫(√p − √q)², in [0, 2].",
)
_add(
    "total_variation",
    f=lambda r: (r - 1).abs() / 2,
    slope=lambda v: v.sign() / 2,
    intercept=lambda v: -v.sign() / 2,
    fenchel=lambda v: (v.tanh() / 2, v.tanh() / 2),
    upper=1.0,
    also="half the L1 distance",
    differentiable=False,
    label="TV",
    about="Total variation, in [0, 1].",
)
