"""Results to compare."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from bench.identity import variant_of


def results(
    figures: dict[str, list[float | None]], metric: str = "fid", *, steps: int = 10, **more: Any
) -> pd.DataFrame:
    """A run for each figure, by seed; None for one that diverged."""
    rows = []
    for method, values in figures.items():
        for seed, value in enumerate(values):
            config = {"model": method, "training": {"steps": steps}, "dataset_sha256": "ab" * 32, "seed": seed}
            rows.append(
                {
                    "run_id": f"{method}{steps}-{seed}", "method": method, "dataset": "ring", "seed": seed,
                    "status": "diverged" if value is None else "done", "config": json.dumps(config),
                    "settings_id": variant_of(config), metric: np.nan if value is None else value,
                    f"protocol_{metric}": f"{metric}/2",
                } | more
            )  # fmt: skip
    return pd.DataFrame(rows)
