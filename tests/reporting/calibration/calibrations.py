"""Frames of calibration runs to report on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd


def run(
    estimator: str = "knn",
    seed: int = 0,
    *,
    shape: str = "shifted",
    dimensions: int = 2,
    size: float = 0.5,
    points: int = 1000,
    bijection: str | None = None,
    knows: str = "",
    values: Mapping[str, tuple[float | None, float | None, float | None]] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A row of `bench.load`; `values` has estimate, standard error and exact value by divergence, None for none.

    `knows` is the estimator where the label is not its name.
    """
    values = {"kl": (size, 0.1, size)} if values is None else values
    pair = {"shape": shape, "dimensions": dimensions, "size": size}
    pair |= {} if bijection is None else {"bijection": bijection}
    config = {
        "kind": "calibration",
        "estimator": knows or estimator,
        "pair": pair,
        "points": points,
        "divergences": list(values),
    }
    row: dict[str, Any] = {
        "run_id": f"{estimator}/{pair}/{points}/{seed}",
        "suite": "calibration",
        "method": estimator,
        "family": "estimator",
        "divergence": None,
        "dataset": f"{shape} d={dimensions} kl={size} n={points}",
        "seed": seed,
        "status": "done",
        "error": None,
        "config": json.dumps(config),
        "cohort_size": 1,
        "started_at": pd.Timestamp("2026-01-01", tz="UTC"),
        "device": "cpu",
        "hostname": "host",
        "python": "3.11",
        "torch": "2.10",
        "bench": "0.1.0",
        "dataset_sha256": "ab" * 32,
        "protocol_estimator": f"{estimator}/1",
        "estimate_seconds": 2.0,
    }
    for name, figures in values.items():
        for suffix, figure in zip(("", "_se", "_exact"), figures, strict=True):
            row[f"div_{name}{suffix}"] = math.nan if figure is None else figure
    return row | changes


def frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a frame with a column for every figure."""
    return pd.DataFrame(list(rows))


def grid(estimators: Mapping[str, float], seeds: int = 2, points: Sequence[int] = (1000, 10_000)) -> pd.DataFrame:
    """Runs of estimators that are off by a known factor, on pairs of three shapes, three dimensions and two sizes.

    Args:
        estimators: relative bias of each; its sign alternates between seeds but for −0.5 of its size.
        seeds: number of seeds.
        points: numbers of points.
    """
    rows = []
    for name, off in estimators.items():
        for shape in ("shifted", "scaled", "heavy_tails"):
            for dimensions in (1, 5, 20):
                for size in (0.05, 2.0):
                    for n in points:
                        for seed in range(seeds):
                            error = off * ((-1) ** seed - 0.5)
                            exact = {"kl": size, "js": size / 3, "pearson": math.inf if size > 1 else 2 * size}
                            values = {
                                key: (min(value, 9.0) * (1 + error), 0.5 * abs(off) * min(value, 9.0), value)
                                for key, value in exact.items()
                                if name != "knn" or key == "kl"
                            }
                            at: dict[str, Any] = {"shape": shape, "dimensions": dimensions, "size": size, "points": n}
                            rows.append(run(name, seed, values=values, estimate_seconds=n / 1000, **at))
    return frame(rows)
