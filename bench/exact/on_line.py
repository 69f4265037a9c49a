"""Divergences of two laws on a line, by adaptive quadrature between all of their ends, peaks and bends."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bench.divergences import Divergence
from bench.errors import ArgumentError
from bench.exact.integrand import at_equality, has_kink, log_excess
from bench.exact.line_problem import LineProblem
from bench.exact.line_quadrature import Integrand, Sums, first_spans, integrate_spans
from bench.exact.lines import Line
from bench.exact.panels import panels_of
from bench.exact.value import Exact, infinite, within_range

_AIM = 1e-11  # error of value, relative, and of masses, that is aimed at
_MASS = 1e-7  # the largest by which a mass may miss 1
_ACCEPTED = 1e-7  # the largest relative error that is returned,
_ROUNDING = 1e-13  # or what rounding of log densities makes of a value of order v²: this times its root
_WORK = 1e9  # densities of single parts at points, before giving up
_POINTS = 2e6
_TOGETHER = 2**17  # densities of single parts at once


def integrate_lines(d: Divergence, p: Line, q: Line) -> Exact:
    """D_f(P‖Q) of two laws on a line.

    The error returned is the sum of: how the rules of 15 and of 7 points differ, how halving all pieces changes the
    value, what is estimated to lie out of reach, and what the value would change if the densities were wrong by as much
    as their masses miss 1.

    Raises:
        ArgumentError: if the accuracy promised cannot be had, or a law has no density.
    """
    problem = LineProblem(d, p, q, log_excess(d), panels_of(p, q))
    tails = problem.tails()
    if not tails.infinite:
        sums = _integrate(problem, problem.terms)
        if bool(sums.values[0].isfinite()):
            return _check(d, sums, tails.rest)
    _check_masses(d, _integrate(problem, problem.masses), "inf")
    return infinite(d)


def _integrate(problem: LineProblem, terms: Integrand) -> Sums:
    parts = len(problem.p.log_weight) + len(problem.q.log_weight)
    together = max(1, _TOGETHER // parts)
    infinity = math.inf

    def chunked(owner: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        chunks = [terms(owner[i : i + together], t[i : i + together]) for i in range(0, len(t), together)]
        values, level = zip(*chunks, strict=True)
        return torch.cat(values), torch.cat(level)

    return integrate_spans(
        chunked,
        first_spans(problem.panels.start, problem.panels.stop),
        relative=torch.tensor([_AIM, 0.0, 0.0, infinity], dtype=torch.float64),
        absolute=torch.tensor([1e-300, _AIM, _AIM, infinity], dtype=torch.float64),
        most_points=int(min(_POINTS, _WORK / parts)),
        kinked=has_kink(problem.d),
    )


def _check_masses(d: Divergence, sums: Sums, value: str) -> float:
    """By how much both masses miss 1 at most.

    Raises:
        ArgumentError: if one misses it by more than 1e-7.
    """
    mass_p, mass_q = float(sums.values[1]), float(sums.values[2])
    missed = abs(mass_p - 1), abs(mass_q - 1)
    if not max(missed) <= _MASS:
        raise ArgumentError(
            f"exact_divergence('{d.name}'): quadrature gives {value}, but the density of p integrates to {mass_p:.9g} "
            f"and that of q to {mass_q:.9g}; expected 1: they are not normalised, have mass that float64 cannot tell "
            "from a point, or are too rough"
        )
    return max(missed)


def _check(d: Divergence, sums: Sums, rest: float) -> Exact:
    excess, *_, change = sums.values.tolist()
    value = at_equality(d) + excess
    missed = _check_masses(d, sums, f"{value:.8g}")
    error = float(sums.errors[0]) + rest + 2 * change * max(missed, 2.0**-52) + 2.0**-50 * abs(value)
    accepted = max(_ACCEPTED * excess, _ROUNDING * math.sqrt(excess), 2.0**-48 * abs(value))
    if not error <= accepted:
        raise ArgumentError(
            f"exact_divergence('{d.name}'): quadrature gives {value:.8g} with an error of {error:.1g}, {rest:.1g} of "
            f"it out of the reach of float64; expected {accepted:.1g}: the densities are too rough, or their tails too "
            "heavy"
        )
    return within_range(d, value, "quadrature", error)
