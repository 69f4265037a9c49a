"""One calibration run: draw two samples, estimate, and put the exact values beside the estimates."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import torch

from bench.calibration.pairs import pair_of
from bench.metrics import Estimate, estimate_divergences
from bench.spec import CalibrationSpec


def measure(spec: CalibrationSpec, device: torch.device) -> tuple[dict[str, float], dict[str, str]]:
    """The figures of one run and their labels.

    Columns: `div_<name>` and `div_<name>_se` as estimated, left out where the estimator gives no number;
    `div_<name>_exact`, inf where it is infinite, left out where it is not known; `dimensions`, `points` (on each side),
    `size` (KL(P‖Q) in nats) and `estimate_seconds` (wall time of the estimate alone). Labels: `shape` and `estimator`.

    Raises:
        ArgumentError: if the pair cannot be made, or the estimator refuses it.
    """
    pair = pair_of(spec.pair)
    x, y = (points.to(device) for points in pair.sample(spec.points, spec.seed))
    began = time.perf_counter()
    estimates = estimate_divergences(x, y, spec.divergences, spec.seed, estimator=spec.estimator)
    seconds = time.perf_counter() - began
    exact = {name: pair.exact(name) for name in spec.divergences}
    about = {
        "dimensions": float(spec.pair.dimensions),
        "points": float(spec.points),
        "size": spec.pair.size,
        "estimate_seconds": seconds,
    }
    labels = {"shape": spec.pair.shape, "estimator": spec.estimator}
    return about | _columns(estimates) | {f"div_{k}_exact": v for k, v in exact.items() if v is not None}, labels


def _columns(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    columns: dict[str, float] = {}
    for name, estimate in estimates.items():
        if math.isnan(estimate.value):
            continue
        columns[f"div_{name}"] = estimate.value
        if estimate.stderr is not None and not math.isnan(estimate.stderr):
            columns[f"div_{name}_se"] = estimate.stderr
    return columns
