"""One calibration run: draw two samples, estimate, and put the exact values beside the estimates."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from bench.calibration.pairs import KnownPair, pair_of
from bench.divergences import divergence
from bench.metrics import ESTIMATORS, Estimate, Value, estimate_divergences
from bench.spec import CalibrationSpec
from bench.streams import random_stream


def measure(spec: CalibrationSpec, device: torch.device) -> tuple[dict[str, float], dict[str, str]]:
    """The figures of one run and their labels.

    Columns: `div_<name>` and `div_<name>_se` as estimated, left out where the estimator gives no number, and
    `div_<name>_growth` where it tells how much the estimate still grows; `div_<name>_exact`, inf where it is infinite,
    left out where it is not known; `dimensions`, `points` (on each side), `size` (in nats) and `estimate_seconds` (wall
    time of the estimate alone). Labels: `shape`, `bijection`, `estimator` and `effort`.

    Raises:
        ArgumentError: if the pair cannot be made, or the estimator refuses it.
    """
    pair = pair_of(spec.pair)
    estimate = _prepare(spec, pair, device)
    began = time.perf_counter()
    estimates = estimate()
    seconds = time.perf_counter() - began
    exact = {name: pair.exact(name) for name in spec.divergences}
    about = {
        "dimensions": float(spec.pair.dimensions),
        "points": float(spec.points),
        "size": spec.pair.size,
        "estimate_seconds": seconds,
    }
    labels = {
        "shape": spec.pair.shape,
        "bijection": spec.pair.bijection,
        "estimator": spec.estimator,
        "effort": spec.effort,
    }
    return about | _columns(estimates) | {f"div_{k}_exact": v for k, v in exact.items() if v is not None}, labels


def _prepare(
    spec: CalibrationSpec, pair: KnownPair, device: torch.device
) -> Callable[[], Mapping[str, Estimate | Value]]:
    """Draw what the estimator is given, and return the call that estimates."""
    how = ESTIMATORS[spec.estimator]
    if how.given == "log_ratios":
        v_p, v_q = (v.to(device) for v in pair.sample_log_ratios(spec.points, spec.seed))
        generator = random_stream(spec.seed, "divergence estimate", device)
        return partial(how.compute, v_p, v_q, [divergence(name) for name in spec.divergences], generator)
    x, y = (points.to(device) for points in pair.sample(spec.points, spec.seed))
    return partial(estimate_divergences, x, y, spec.divergences, spec.seed, **_choose_options(spec, pair))


def _choose_options(spec: CalibrationSpec, pair: KnownPair) -> dict[str, Any]:
    """What the estimator is told: how X and Y share the coordinates is for those alone that need to know."""
    options: dict[str, Any] = {"estimator": spec.estimator}
    if ESTIMATORS[spec.estimator].given == "joint":
        options["split"] = pair.split
    return options | {"effort": spec.effort}


def _columns(estimates: Mapping[str, Estimate | Value]) -> dict[str, float]:
    columns: dict[str, float] = {}
    for name, estimate in estimates.items():
        if math.isnan(estimate.value):
            continue
        columns[f"div_{name}"] = estimate.value
        for suffix, figure in (("se", estimate.stderr), ("growth", estimate.growth)):
            if figure is not None and not math.isnan(figure):
                columns[f"div_{name}_{suffix}"] = figure
    return columns
