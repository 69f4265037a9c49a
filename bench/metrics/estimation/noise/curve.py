"""f-divergences under noise of several levels at once: lower bounds in expectation, with their standard errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from torch import Tensor

from bench.divergences import divergence
from bench.errors import ArgumentError
from bench.metrics.base import CURVE_SPREADS
from bench.metrics.checks import as_points
from bench.metrics.estimation.heldout import heldout_bound
from bench.metrics.estimation.noise.fit import fit_log_ratio_levels
from bench.metrics.estimation.points import MIN_POINTS
from bench.metrics.estimation.ratio import LogRatios
from bench.metrics.estimation.result import Estimate
from bench.metrics.precision import use_full_float32
from bench.metrics.ranges import choose_unit
from bench.metrics.samples import Samples, as_names
from bench.streams import random_stream

NOISE_CRITIC = "noise_conditioned_critic"
VERSION = 1
_ORDINARY = 1e-12, 1e12  # float32 holds the squares of such numbers, and sums of them


class NoisyRatios:
    """Log-ratios of two samples under noise of several levels, from which every divergence is read.

    Args:
        x: points of P, shape (n, d), or examples of any shape (n, ...), which are flattened.
        y: points of Q, shape (m, d).
        spreads: levels of noise, standard deviations s > 0 in the unit of the points.
        seed: decides folds, noise, initial critics and batches; the global random state is left alone.
        caller: how messages call the function that was called.

    Raises:
        ArgumentError: if values are not finite, shapes differ, there are fewer than `MIN_POINTS` points on a side, or a
            level is not above 0.
    """

    def __init__(
        self, x: Samples, y: Samples, spreads: Sequence[float], seed: int = 0, caller: str = "estimate_divergence_curve"
    ) -> None:
        levels = _check_levels(spreads, caller)
        p, q, unit = _centre(x, y, levels[-1], caller)
        self._counts = len(p), len(q)
        scaled = [level / unit for level in levels]
        with use_full_float32():
            found = fit_log_ratio_levels(p, q, scaled, random_stream(seed, "divergence curve", p.device))
        self._ratios: Mapping[float, LogRatios] = dict(zip(levels, found, strict=True))

    @property
    def spreads(self) -> tuple[float, ...]:
        """The levels, ascending."""
        return tuple(self._ratios)

    def estimate(self, names: Sequence[str], spread: float) -> dict[str, Estimate]:
        """Estimates under noise of one of the levels, by name.

        Raises:
            UnknownNameError: if there is no such divergence.
            ArgumentError: if it is not one of the levels.
        """
        if spread not in self._ratios:
            raise ArgumentError(f"found level {spread:g}; expected one of {', '.join(f'{s:g}' for s in self._ratios)}")
        values = {name: heldout_bound(divergence(name), self._ratios[spread]) for name in names}
        return {
            name: Estimate(value.value, value.stderr, *self._counts, NOISE_CRITIC, VERSION, spread)
            for name, value in values.items()
        }


def estimate_divergence_curve(
    x: Samples, y: Samples, names: str | Sequence[str], spreads: Sequence[float] = CURVE_SPREADS, seed: int = 0
) -> dict[float, dict[str, Estimate]]:
    """Estimate D_f of P ∗ N(0, s²I) and Q ∗ N(0, s²I) for every level s and every name, from x ~ P and y ~ Q.

    For laws on thin sets, such as images, most divergences are infinite or at their supremum, and at small s whatever n
    points can say is said: the estimate is at its ceiling. Along s it becomes finite and tells models apart (spread
    divergences, Zhang et al. 2020). D_f falls in s, by the data-processing inequality.

    All levels share one draw of noise, x + sε, and one fit, by critics that are told s. They are trained on fresh
    noise, so that even few points are not learnt by heart, and judged at points that neither their fit nor any choice
    has seen: at each level the estimate is a true lower bound in expectation. Critics see the 256 leading principal
    components.

    Args:
        x: points of P, shape (n, d), or examples of any shape (n, ...), which are flattened.
        y: points of Q, shape (m, d).
        names: divergences.
        spreads: levels s > 0, in the unit of the points.
        seed: decides folds, noise, initial critics and batches; the global random state is left alone.

    Returns:
        For each level, ascending, an estimate for each name.

    Raises:
        UnknownNameError: if there is no such divergence.
        ArgumentError: if values are not finite, shapes differ, there are fewer than `MIN_POINTS` points on a side, or a
            level is not above 0.
    """
    names = as_names(names, "estimate_divergence_curve: names")
    for name in names:
        divergence(name)
    ratios = NoisyRatios(x, y, spreads, seed)
    return {spread: ratios.estimate(names, spread) for spread in ratios.spreads}


def _centre(x: Samples, y: Samples, largest: float, caller: str) -> tuple[Tensor, Tensor, float]:
    """Both samples about their common mean, float32, and the unit that they and the levels are divided by.

    The mean is taken off in float64, so that large offsets cost no digits. The unit is a power of two, and 1 where
    float32 holds the squares of all.
    """
    p, q = (as_points(values, f"{caller}: {name}", at_least=MIN_POINTS) for name, values in (("x", x), ("y", y)))
    if p.shape[1] != q.shape[1]:
        raise ArgumentError(f"{caller}: x has {p.shape[1]} dimensions and y {q.shape[1]}; expected the same")
    q = q.to(p.device)
    outer = choose_unit(*(float(points.abs().max()) for points in (p, q)), largest)
    p, q = p / outer, q / outer
    centre = (p.mean(0) + q.mean(0)) / 2
    p, q = p - centre, q - centre
    reaches = (float(points.abs().max()) for points in (p, q))
    inner = choose_unit(*reaches, largest / outer, ordinary=_ORDINARY)
    return (p / inner).float(), (q / inner).float(), outer * inner


def _check_levels(spreads: Sequence[float], caller: str) -> list[float]:
    levels = sorted({float(spread) for spread in spreads})
    bad = [spread for spread in levels if not spread > 0 or math.isinf(spread)]
    if bad or not levels:
        found = f"spread {bad[0]:g}" if bad else "no spreads"
        raise ArgumentError(f"{caller}: found {found}; expected levels of noise above 0, such as 0.5")
    return levels


__all__ = ["NOISE_CRITIC", "VERSION", "NoisyRatios", "estimate_divergence_curve"]
