"""Compare divergences for generative models: many runs, independent estimates, one report.

The public face. Everything is imported on first use, so that `import bench` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.api import check, evaluate, fetch, run
    from bench.column import Column, Floor
    from bench.datasets import load_dataset, register_dataset
    from bench.divergences import divergence, register_divergence
    from bench.errors import ArgumentError, BenchError
    from bench.exact import exact_divergence
    from bench.launch.loggers import register_logger
    from bench.metrics import (
        density_coverage,
        estimate_divergence_curve,
        estimate_divergences,
        frechet_distance,
        frechet_infinity,
        importance_weighted_bound,
        kde_log_likelihood,
        kernel_distance,
        maximum_mean_discrepancy,
        mode_coverage,
        parzen_log_likelihood,
        precision_recall,
        project_on_normal,
        register_estimator,
        register_extractor,
        register_metric,
    )
    from bench.models import register_method
    from bench.reading import columns, compare, load, report, status
    from bench.sql import query

_HOME = {
    "ArgumentError": "bench.errors",
    "BenchError": "bench.errors",
    "Column": "bench.column",
    "Floor": "bench.column",
    "check": "bench.api",
    "columns": "bench.reading",
    "compare": "bench.reading",
    "density_coverage": "bench.metrics",
    "divergence": "bench.divergences",
    "estimate_divergence_curve": "bench.metrics",
    "estimate_divergences": "bench.metrics",
    "evaluate": "bench.api",
    "exact_divergence": "bench.exact",
    "fetch": "bench.api",
    "frechet_distance": "bench.metrics",
    "frechet_infinity": "bench.metrics",
    "importance_weighted_bound": "bench.metrics",
    "kde_log_likelihood": "bench.metrics",
    "kernel_distance": "bench.metrics",
    "load": "bench.reading",
    "load_dataset": "bench.datasets",
    "maximum_mean_discrepancy": "bench.metrics",
    "mode_coverage": "bench.metrics",
    "parzen_log_likelihood": "bench.metrics",
    "precision_recall": "bench.metrics",
    "project_on_normal": "bench.metrics",
    "query": "bench.sql",
    "register_dataset": "bench.datasets",
    "register_divergence": "bench.divergences",
    "register_estimator": "bench.metrics",
    "register_extractor": "bench.metrics",
    "register_logger": "bench.launch.loggers",
    "register_method": "bench.models",
    "register_metric": "bench.metrics",
    "report": "bench.reading",
    "run": "bench.api",
    "status": "bench.reading",
}

__all__ = [
    "ArgumentError",
    "BenchError",
    "Column",
    "Floor",
    "check",
    "columns",
    "compare",
    "density_coverage",
    "divergence",
    "estimate_divergence_curve",
    "estimate_divergences",
    "evaluate",
    "exact_divergence",
    "fetch",
    "frechet_distance",
    "frechet_infinity",
    "importance_weighted_bound",
    "kde_log_likelihood",
    "kernel_distance",
    "load",
    "load_dataset",
    "maximum_mean_discrepancy",
    "mode_coverage",
    "parzen_log_likelihood",
    "precision_recall",
    "project_on_normal",
    "query",
    "register_dataset",
    "register_divergence",
    "register_estimator",
    "register_extractor",
    "register_logger",
    "register_method",
    "register_metric",
    "report",
    "run",
    "status",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'bench' has no attribute '{name}'")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
