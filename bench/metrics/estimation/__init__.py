"""f-divergences estimated from samples: the public call, the estimators behind it, and what they share.

Importing this package registers every estimator that it ships.
"""

from bench.metrics.estimation import (  # noqa: F401 - imported to register them
    benchmark_mi,
    cross_fitted,
    knn,
    per_divergence,
    public,
    true_ratio,
)
from bench.metrics.estimation.estimate import estimate_divergences
from bench.metrics.estimation.estimators import ESTIMATORS, Estimator, Value, register_estimator
from bench.metrics.estimation.noise import estimate_divergence_curve
from bench.metrics.estimation.result import Estimate

__all__ = [
    "ESTIMATORS",
    "Estimate",
    "Estimator",
    "Value",
    "estimate_divergence_curve",
    "estimate_divergences",
    "register_estimator",
]
