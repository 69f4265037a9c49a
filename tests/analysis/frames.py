"""Frames of runs to analyse."""

from __future__ import annotations

from typing import Any

import pandas as pd


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Runs with what identifies them filled in."""
    common = {"dataset": "ring", "method": "vae", "status": "done", "family": "vae"}
    return pd.DataFrame([{"run_id": f"r{i}", "seed": i} | common | row for i, row in enumerate(rows)])
