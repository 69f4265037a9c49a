"""f-divergences from samples: a lower bound in expectation, with its standard error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.divergences import divergence
from bench.errors import ArgumentError
from bench.metrics.checks import require_finite
from bench.metrics.estimation.estimators import DEFAULT, ESTIMATORS, Estimator
from bench.metrics.precision import use_full_float32
from bench.streams import random_stream

MIN_POINTS = 100


@dataclass(frozen=True)
class Estimate:
    """An estimated divergence.

    Attributes:
        value: in nats, or the divergence's own unit.
        stderr: standard error; None where the estimator has none.
        n_p: points of P.
        n_q: points of Q.
        estimator: name of the estimator.
        version: its version.
        spread: standard deviation of the noise added to both sides, 0 for none.
    """

    value: float
    stderr: float | None
    n_p: int
    n_q: int
    estimator: str
    version: int
    spread: float = 0.0


def estimate_divergences(
    x: Tensor,
    y: Tensor,
    names: Sequence[str],
    seed: int = 0,
    *,
    spread: float = 0.0,
    estimator: str = DEFAULT,
    split: int | None = None,
) -> dict[str, Estimate]:
    """Estimate D_f(P‖Q) for every name, from x ~ P and y ~ Q.

    By default one log-ratio is fitted, by cross-fitted critics, and serves every divergence: E_P[f'(r)] +
    E_Q[f(r) − r f'(r)] ≤ D_f(P‖Q) for any r (Ryu 2025, sec. 3.2). A point is judged only by critics that neither their
    fit nor any choice (early stopping, capacity, stacking, the limits of v) has shown it to. So given the critics of a
    fold its bound is unbiased, and the estimate is a true lower bound in expectation: it can lie above the divergence
    by chance alone. The standard error includes what samples of this size fail to meet: see
    `bench.metrics.estimation.heldout`.

    What n points cannot tell: a mode of P that Q visits less than about once in n samples, and values far above log n,
    at which estimates saturate. `estimator` chooses another way: "knn" (kl, reverse_kl and jeffreys alone) and
    "per_divergence_critics" are yardsticks, kept to compare with; the calibration suite does.

    Args:
        x: points of P, shape (n, d), or examples of any shape (n, ...), which are flattened.
        y: points of Q, shape (m, d).
        names: divergences.
        seed: decides folds, initial critics, batches and noise; the global random state is left alone.
        spread: standard deviation of Gaussian noise added to both sides: the estimate is then of the divergence of the
            convolved laws, which is finite for laws on thin sets, such as images.
        estimator: a registered estimator.
        split: for estimators of mutual information alone, which need a joint sample: the leading coordinates of x that
            are X, the others being Y; Q is then the product of their laws, and y is not looked at.

    Returns:
        An estimate for each name.

    Raises:
        UnknownNameError: if there is no such divergence or estimator.
        ArgumentError: if values are not finite, shapes differ, there are fewer than `MIN_POINTS` points on a side, or
            the estimator cannot estimate one of the divergences, or needs a split and has none.
    """
    how = ESTIMATORS[estimator]
    wanted = {name: divergence(name) for name in names}
    _require_able(how, wanted)
    p, q = _check_points(x, "x"), _check_points(y, "y")
    if p.shape[1] != q.shape[1]:
        found = f"x has {p.shape[1]} dimensions and y {q.shape[1]}"
        raise ArgumentError(f"estimate_divergences: {found}; expected the same")
    if not spread >= 0 or math.isinf(spread):
        raise ArgumentError(f"estimate_divergences: found spread {spread}; expected a number of at least 0")
    generator = random_stream(seed, "divergence estimate", p.device)
    with use_full_float32():
        p, q = (_add_noise(points, spread, generator) for points in (p, q))
        samples = _split_points(p, split, how) if how.joint else (p, q.to(p.device))
        values = how.compute(*samples, list(wanted.values()), generator)
    return {
        name: Estimate(values[d.name].value, values[d.name].stderr, len(p), len(q), how.name, how.version, spread)
        for name, d in wanted.items()
    }


def _require_able(how: Estimator, names: Iterable[str]) -> None:
    lacking = [name for name in names if how.only is not None and name not in how.only]
    if lacking:
        raise ArgumentError(
            f"estimator '{how.name}': found divergences {', '.join(lacking)}; expected some of "
            f"{', '.join(how.only or ())}; the default estimator, {DEFAULT}, knows every one"
        )


def _split_points(points: Tensor, split: int | None, how: Estimator) -> tuple[Tensor, Tensor]:
    if split is None or not 0 < split < points.shape[1]:
        raise ArgumentError(
            f"estimator '{how.name}' estimates mutual information: found split {split} of {points.shape[1]} "
            f"coordinates; expected the number of those that are X, from 1 to {points.shape[1] - 1}"
        )
    return points[:, :split], points[:, split:]


def _check_points(values: Tensor, what: str) -> Tensor:
    if values.ndim == 0 or len(values) < MIN_POINTS:
        found = len(values) if values.ndim else 0
        raise ArgumentError(f"estimate_divergences: {what} has {found} points; expected at least {MIN_POINTS}")
    require_finite(values, f"estimate_divergences: {what}")
    return values.detach().reshape(len(values), -1).float()


def _add_noise(points: Tensor, spread: float, generator: torch.Generator) -> Tensor:
    if spread == 0:
        return points
    return points + spread * torch.randn(points.shape, generator=generator, device=points.device)
