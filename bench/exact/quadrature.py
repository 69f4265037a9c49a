"""Divergences by quadrature: on a line, or in the plane by cubature in the charts of all parts of both laws."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Distribution

from bench.divergences import Divergence
from bench.errors import ArgumentError
from bench.exact.boxes import first_boxes
from bench.exact.cubature import Integral, integrate_boxes
from bench.exact.integrand import at_equality, has_kink, log_excess
from bench.exact.line_of import line_of
from bench.exact.on_line import integrate_lines
from bench.exact.parts import Parts, parts_of
from bench.exact.problem import Problem
from bench.exact.tails import look_at_tails
from bench.exact.value import Exact, infinite, within_range

MAX_DIMENSIONS = 2
_RELATIVE = 1e-8  # what the cubature aims at
_ACCEPTED = 1e-7  # the largest error of the cubature that is returned, as it estimates it,
_ROUNDING = 1e-14  # or what rounding of log densities by 1e-15 makes of a value of order v²: this times its root,
_BEYOND = 1e-6  # and the largest share beyond the range of the charts
_MASS = 1e-7  # by how much the integrals of m and of p may miss 1
_POINTS, _WORK = 1e8, 1.5e9  # points, and densities of single parts at them, before giving up


def integrate(d: Divergence, p: Distribution, q: Distribution) -> Exact:
    """D_f(P‖Q) of two distributions (float64) in one or two dimensions, by quadrature.

    Raises:
        ArgumentError: if the accuracy promised cannot be had.
    """
    with torch.no_grad():
        if p.event_shape.numel() == 1:
            return integrate_lines(d, line_of(p), line_of(q))
        return integrate_parts(d, parts_of(p), parts_of(q))


def integrate_parts(d: Divergence, p: Parts, q: Parts) -> Exact:
    """The same of two laws in the plane, as parts.

    Args:
        d: the divergence.
        p: the law of the data.
        q: the law of the model.

    Returns:
        The value with its estimated error; inf where the integral diverges.

    Raises:
        ArgumentError: if the accuracy promised cannot be had.
    """
    problem = Problem.of(p, q, log_excess(d))
    tails = look_at_tails(problem)
    result = None if tails.infinite else _cubature(d, problem, infinite=False)
    if result is not None and bool(result.values[0].isfinite()):
        return _check_accuracy(d, result, math.exp(min(tails.log_rest, 700.0)))
    if not (p.known and q.known):
        _check_masses(f"exact_divergence('{d.name}'): quadrature gives inf", _cubature(d, problem, infinite=True), 1.0)
    return infinite(d)


def _cubature(d: Divergence, problem: Problem, *, infinite: bool) -> Integral:
    """Integrals of the value and of both masses; where the value is infinite of the masses alone."""

    def terms(owner: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        log_mass, log_value, v = problem.log_terms(owner, t)
        mass = log_mass.exp()
        value = mass if infinite else log_value.exp()
        return torch.stack([value, mass, 2 * mass * torch.sigmoid(v)], 1), v

    return integrate_boxes(
        terms,
        first_boxes(problem),
        relative=_RELATIVE,
        rounding=_ROUNDING,
        most_points=int(min(_POINTS, _WORK / len(problem.log_weight))),
        kinked=has_kink(d),
    )


def _check_masses(where: str, result: Integral, size: float) -> None:
    _, mass, mass_p = result.values.tolist()
    if abs(mass - 1) <= _MASS and abs(mass_p - 1) <= _MASS * max(1.0, size):
        return
    raise ArgumentError(
        f"{where}, but the densities integrate to {mass:.9g} and {mass_p:.9g}; expected 1: they are not "
        "normalised, have mass that float64 cannot tell from a point, or are too rough"
    )


def _check_accuracy(d: Divergence, result: Integral, rest: float) -> Exact:
    """The value, unless something says that it is wrong.

    Raises:
        ArgumentError: if the error is too large, or the densities do not integrate to 1.
    """
    excess = float(result.values[0])
    value = at_equality(d) + excess
    where = f"exact_divergence('{d.name}'): quadrature gives {value:.8g}"
    _check_masses(where, result, excess)
    accepted = max(_ACCEPTED * excess, _ROUNDING * math.sqrt(excess))
    if not (result.error <= accepted and rest <= _BEYOND * excess):
        raise ArgumentError(
            f"{where} with an estimated error of {result.error:.1g}, and {rest:.1g} out of the reach of float64; "
            f"expected {accepted:.1g} and {_BEYOND * excess:.1g}: the densities are too rough, or their "
            "tails too heavy"
        )
    return within_range(d, value, "quadrature", result.error + rest + 2.0**-50 * abs(value))
