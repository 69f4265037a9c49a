"""One calibration run: draw two samples, estimate, and put the exact values beside the estimates."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import torch

from bench.calibration.pairs import KnownPair, pair_of
from bench.metrics import ESTIMATORS, Estimate, estimate_divergences
from bench.spec import CalibrationSpec


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
    x, y = (points.to(device) for points in pair.sample(spec.points, spec.seed))
    began = time.perf_counter()
    estimates = estimate_divergences(x, y, spec.divergences, spec.seed, **_choose_options(spec, pair))
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


def _choose_options(spec: CalibrationSpec, pair: KnownPair) -> dict[str, Any]:
    """What the estimator is told: how X and Y share the coordinates is for those alone that need to know."""
    options: dict[str, Any] = {"estimator": spec.estimator}
    if ESTIMATORS[spec.estimator].joint:
        options["split"] = pair.split
    return options | {"effort": spec.effort}


def _columns(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    columns: dict[str, float] = {}
    for name, estimate in estimates.items():
        if math.isnan(estimate.value):
            continue
        columns[f"div_{name}"] = estimate.value
        for suffix, figure in (("se", estimate.stderr), ("growth", getattr(estimate, "growth", None))):
            if figure is not None and not math.isnan(figure):
                columns[f"div_{name}_{suffix}"] = figure
    return columns
