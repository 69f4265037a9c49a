"""f-divergences from samples: a lower bound in expectation, with its standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.divergences import Divergence, divergence
from bench.errors import BenchError
from bench.metrics.checks import require_finite
from bench.metrics.precision import full_float32
from bench.metrics.ratio import LogRatios, fit_log_ratio
from bench.streams import random_stream

ESTIMATOR, VERSION = "cross_fitted_critic", 1
MIN_POINTS = 100
_LIMITS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0)  # of |v|, in nats


@dataclass(frozen=True)
class Estimate:
    """An estimated divergence.

    Attributes:
        value: held-out variational bound, in nats (or the divergence's own unit); its expectation is a lower bound.
        stderr: standard error over the held-out points, the critics taken as given.
        n_p: points of P.
        n_q: points of Q.
        estimator: name of the estimator.
        version: its version.
        spread: standard deviation of the noise added to both sides, 0 for none.
    """

    value: float
    stderr: float
    n_p: int
    n_q: int
    estimator: str = ESTIMATOR
    version: int = VERSION
    spread: float = 0.0


def estimate_divergences(
    x: Tensor, y: Tensor, names: Sequence[str], seed: int = 0, *, spread: float = 0.0
) -> dict[str, Estimate]:
    """Estimate D_f(P‖Q) for every name, from x ~ P and y ~ Q.

    One log-ratio is fitted, by cross-fitted critics, and serves every divergence: E_P[f'(r)] + E_Q[f(r) − r f'(r)] ≤
    D_f(P‖Q) for any r (Ryu 2025, sec. 3.2). A point is judged only by critics that neither their fit nor any choice
    (early stopping, capacity, stacking, the limits of v) has shown it to. So given the critics of a fold its bound is
    unbiased, and the estimate is a true lower bound in expectation: it can lie above the divergence by chance alone.
    It never tells ratios beyond n: kl, for instance, is at most 1 + log n.

    Args:
        x: points of P, shape (n, d), or examples of any shape (n, ...), which are flattened.
        y: points of Q, shape (m, d).
        names: divergences.
        seed: decides folds, initial critics, batches and noise; the global random state is left alone.
        spread: standard deviation of Gaussian noise added to both sides: the estimate is then of the divergence of the
            convolved laws, which is finite for laws on thin sets, such as images.

    Returns:
        An estimate for each name.

    Raises:
        UnknownNameError: if there is no such divergence.
        BenchError: if values are not finite, shapes differ, or there are fewer than `MIN_POINTS` points on a side.
    """
    wanted = {name: divergence(name) for name in names}
    p, q = _points(x, "x"), _points(y, "y")
    if p.shape[1] != q.shape[1]:
        raise BenchError(f"estimate_divergences: x has {p.shape[1]} dimensions and y {q.shape[1]}; expected the same")
    if not spread >= 0 or math.isinf(spread):
        raise BenchError(f"estimate_divergences: found spread {spread}; expected a number of at least 0")
    generator = random_stream(seed, "divergence estimate", p.device)
    with full_float32():
        p, q = (_noisy(points, spread, generator) for points in (p, q))
        ratios = fit_log_ratio(p, q.to(p.device), generator)
    return {name: _estimate(each, ratios, len(p), len(q), spread) for name, each in wanted.items()}


def _points(values: Tensor, what: str) -> Tensor:
    if values.ndim == 0 or len(values) < MIN_POINTS:
        found = len(values) if values.ndim else 0
        raise BenchError(f"estimate_divergences: {what} has {found} points; expected at least {MIN_POINTS}")
    require_finite(values, f"estimate_divergences: {what}")
    return values.detach().reshape(len(values), -1).float()


def _noisy(points: Tensor, spread: float, generator: torch.Generator) -> Tensor:
    if spread == 0:
        return points
    return points + spread * torch.randn(points.shape, generator=generator, device=points.device)


def _estimate(d: Divergence, ratios: LogRatios, n_p: int, n_q: int, spread: float) -> Estimate:
    """The bound at v clamped to limits that validation chooses, for each fold its own."""
    low, high = _limits(d, ratios)
    at_p, at_q = d.terms(ratios.p.clamp(low, high), ratios.q.clamp(low, high))
    variance = at_p.var() / at_p.numel() + at_q.var() / at_q.numel()
    value = float(at_p.mean() + at_q.mean())
    return Estimate(value, float(variance.sqrt()), n_p, n_q, spread=spread)


def _limits(d: Divergence, ratios: LogRatios) -> tuple[Tensor, Tensor]:
    """Limits of v, shape (F, 1) each: the upper, then the lower one that validation finds best.

    A few points at which a critic is far too sure can ruin bounds that are exponential in v, and n points cannot vouch
    for ratios beyond n: no bound that holds with high probability exceeds O(log n) nats (McAllester & Stratos 2020).
    So |v| is kept within log n at the most, or within half of it where the bound has squares of r. A clamped critic is
    a critic too, and its bound as valid.
    """
    lows, highs = (_options(points, max(d.order, 1.0)) for points in (ratios.p, ratios.q))
    folds = len(ratios.p)
    low, high = -lows[-1:, None].expand(folds, 1), highs[-1:, None].expand(folds, 1)
    high = highs[torch.stack([_cautious_bound(d, ratios, low, limit) for limit in highs]).argmax(0)][:, None]
    low = -lows[torch.stack([_cautious_bound(d, ratios, -limit, high) for limit in lows]).argmax(0)][:, None]
    return low, high


def _options(points: Tensor, order: float) -> Tensor:
    """Limits of |v| to choose from, the last log n / order."""
    largest = math.log(points.numel()) / order
    limits = [limit for limit in _LIMITS if limit < largest]
    return torch.tensor([*limits, largest], dtype=points.dtype, device=points.device)


def _cautious_bound(d: Divergence, ratios: LogRatios, low: Tensor, high: Tensor) -> Tensor:
    """The bound of each fold's critics in validation less two standard errors, shape (F,)."""
    at_p, at_q = d.terms(ratios.validation_p.clamp(low, high), ratios.validation_q.clamp(low, high))
    variance = at_p.var(1) / at_p.shape[1] + at_q.var(1) / at_q.shape[1]
    bound = at_p.mean(1) + at_q.mean(1) - 2 * variance.sqrt()
    return bound.nan_to_num(nan=-math.inf)
