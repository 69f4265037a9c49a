"""The report: data frames in, tables, figures and one self-contained page out.

Sees nothing of the rest of the package but `bench.analysis` and the declarations: whatever can be put into the frames
can be reported. Heavy imports wait until a function needs them, so that `headline` is cheap on a console.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.reporting.text import headline, list_figures

if TYPE_CHECKING:
    import pandas as pd


def render(
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    pictures: pd.DataFrame,
    suite: Mapping[str, Any],
    out: str | Path,
    references: pd.DataFrame | None = None,
    columns: pd.DataFrame | None = None,
    search: pd.DataFrame | None = None,
    choices: Mapping[str, Any] | None = None,
) -> Path:
    """Write `index.html`, `tables/` and `figures/` under `out`; an older report stays whole until this one is complete.

    Args:
        runs: a row per run: identity, status, metrics, provenance. May be empty.
        curves: `run_id, step, metric, value`. May be empty.
        pictures: `run_id, samples, reference`; arrays of points (n, d) or of images (n, C, H, W) uint8. May be empty.
        suite: the resolved suite: name, title, seeds, datasets, methods, published, …
        out: folder of the report; made if missing.
        references: rows like those of `runs` that measure real data in the model's place, one per dataset and seed.
            Printed under the methods; they count as no run, and nothing is ranked or marked against them.
        columns: the data dictionary, a row per column as `bench.column.Column.as_row` gives it; without it columns are
            described as far as their names tell.
        search: rows like those of `runs` that settings were chosen by; they have a section of their own.
        choices: what was chosen, as the store keeps it beside the runs.

    Returns:
        The path of `index.html`.

    Raises:
        BenchError: if `runs` or `references` lacks a column that identifies a run, or a published figure is incomplete.
    """
    from bench.reporting.page.writing import render as write

    return write(runs, curves, pictures, suite, Path(out), references, columns, search, choices)


def summarise(runs: pd.DataFrame, columns: pd.DataFrame | None = None) -> pd.DataFrame:
    """Mean, standard deviation, interval, robust averages and range over the seeds of every metric, in tidy form.

    Args:
        runs: a row per run, as `bench.load` gives it.
        columns: the data dictionary, as for `render`.

    Returns:
        One row per dataset, method, metric and protocol: `dataset, method, metric, protocol, mean, std, n, low, high,
        interval, median, iqm, minimum, maximum, …`. Only finished runs count; `std` (n − 1 in the denominator) and the
        ends of the 95 % interval are null for one seed.

    Raises:
        BenchError: if `runs` lacks a column that identifies a run.
    """
    from bench.analysis import read_columns
    from bench.analysis import summarise as compute

    return compute(runs, read_columns(columns))


__all__ = ["headline", "list_figures", "render", "summarise"]
