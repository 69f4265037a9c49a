"""f-divergences from samples: a lower bound in expectation, with its standard error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from bench.divergences import divergence
from bench.errors import ArgumentError
from bench.metrics.estimation.estimators import DEFAULT, DEFAULT_EFFORT, ESTIMATORS, Estimator
from bench.metrics.estimation.noise.curve import NOISE_CRITIC, NoisyRatios
from bench.metrics.estimation.points import MIN_POINTS as MIN_POINTS
from bench.metrics.estimation.points import fit_frame, read_points, read_spread
from bench.metrics.estimation.result import Estimate
from bench.metrics.precision import use_full_float32
from bench.metrics.samples import Samples, as_names
from bench.streams import random_stream


def estimate_divergences(
    x: Samples,
    y: Samples,
    names: str | Sequence[str],
    seed: int = 0,
    *,
    spread: float = 0.0,
    estimator: str | None = None,
    effort: str = DEFAULT_EFFORT,
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
        x: points of P, shape (n, d), or examples of any shape (n, ...), which are flattened: a tensor, an array, a
            nested list or a frame of numbers. Where they lie and how they are scaled makes no difference, as long as
            their own type tells them apart; see `bench.metrics.estimation.points`.
        y: points of Q, shape (m, d), likewise.
        names: divergences, or the name of one.
        seed: decides folds, initial critics, batches and noise; the global random state is left alone.
        spread: standard deviation of Gaussian noise added to both sides: the estimate is then of the divergence of the
            convolved laws, which is finite for laws on thin sets, such as images.
        estimator: a registered estimator; by default "cross_fitted_critic", and under noise what
            `estimate_divergence_curve` fits: critics that meet fresh noise in every step find far more than those of
            one noisy sample do.
        effort: what it may cost: "quick", a few seconds for 10,000 points, or "thorough", up to a minute, which holds
            up better where laws are far from Gaussian. Estimators without a choice know "quick" alone.
        split: for estimators of mutual information alone, which need a joint sample: the leading coordinates of x that
            are X, the others being Y; Q is then the product of their laws, and y is not looked at.

    Returns:
        An estimate for each name.

    Raises:
        UnknownNameError: if there is no such divergence or estimator.
        ArgumentError: if values are not finite numbers, shapes differ, there are fewer than `MIN_POINTS` points on a
            side, or the estimator cannot estimate one of the divergences, needs a split and has none, or has to know
            the laws.
    """
    names = as_names(names, "estimate_divergences: names")
    spread = read_spread(spread)
    if spread and estimator is None:
        _require_effort(NOISE_CRITIC, (DEFAULT_EFFORT,), effort)
        return NoisyRatios(x, y, [spread], seed, "estimate_divergences").estimate(names, spread)
    how = ESTIMATORS[estimator or DEFAULT]
    wanted = {name: divergence(name) for name in names}
    _require_points(how)
    _require_able(how, wanted)
    _require_effort(how.name, how.versions, effort)
    options = {"effort": effort} if how.takes_effort else {}
    p, q = read_points(x, y)
    generator = random_stream(seed, "divergence estimate", p.device)
    frame = fit_frame(p, q, how.scaling, spread)
    with use_full_float32():
        p, q = (frame.place(points, _draw_noise(points, spread, generator), spread) for points in (p, q))
        samples = _split_points(p, split, how) if how.given == "joint" else (p, q)
        values = how.compute(*samples, list(wanted.values()), generator, **options)
    return {
        name: Estimate(v.value, v.stderr, len(p), len(q), how.name, how.versions[effort], spread, v.growth, v.converged)
        for name, v in ((name, values[d.name]) for name, d in wanted.items())
    }


def _require_points(how: Estimator) -> None:
    if how.given == "log_ratios":
        raise ArgumentError(
            f"estimator '{how.name}' has to know the laws: it is for calibration suites; with log p/q of your own, "
            "call bench.divergence(name).bound(log_ratio_p, log_ratio_q)"
        )


def _require_able(how: Estimator, names: Iterable[str]) -> None:
    lacking = [name for name in names if how.only is not None and name not in how.only]
    if lacking:
        raise ArgumentError(
            f"estimator '{how.name}': found divergences {', '.join(lacking)}; expected some of "
            f"{', '.join(how.only or ())}; the default estimator, {DEFAULT}, knows every one"
        )


def _require_effort(name: str, known: Iterable[str], effort: str) -> None:
    if effort not in known:
        raise ArgumentError(f"estimator '{name}': found effort {effort!r}; expected {' or '.join(known)}")


def _split_points(points: Tensor, split: int | None, how: Estimator) -> tuple[Tensor, Tensor]:
    if split is None or not 0 < split < points.shape[1]:
        raise ArgumentError(
            f"estimator '{how.name}' estimates mutual information: found split {split} of {points.shape[1]} "
            f"coordinates; expected the number of those that are X, from 1 to {points.shape[1] - 1}"
        )
    return points[:, :split], points[:, split:]


def _draw_noise(points: Tensor, spread: float, generator: torch.Generator) -> Tensor | None:
    return torch.randn(points.shape, generator=generator, device=points.device) if spread else None
