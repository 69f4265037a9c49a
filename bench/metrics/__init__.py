"""Figures of trained models, one versioned protocol each; every one can be called on plain tensors too.

Importing this package registers every protocol that it ships.
"""

from bench.metrics import (  # noqa: F401 - imported to register them
    cross_fitted,
    divergences,
    elbo,
    fid,
    knn,
    modes,
    moments,
    parzen,
    per_divergence,
)
from bench.metrics.base import METRICS, HasLikelihood, Protocol, Subject, register_metric
from bench.metrics.divergences import EstimatedDivergences
from bench.metrics.elbo import ELBO, evaluate_elbo
from bench.metrics.estimate import Estimate, estimate_divergences
from bench.metrics.estimators import ESTIMATORS, Estimator, Value, register_estimator
from bench.metrics.features import (
    EXTRACTORS,
    Extractor,
    extractor_for,
    module_extractor,
    register_extractor,
    split_features,
)
from bench.metrics.frechet import FrechetDistance, frechet_distance, gaussian_frechet
from bench.metrics.modes import ModeCoverage, mode_coverage
from bench.metrics.parzen import ParzenResult, parzen_log_density, parzen_log_likelihood

__all__ = [
    "ELBO",
    "ESTIMATORS",
    "EXTRACTORS",
    "METRICS",
    "Estimate",
    "EstimatedDivergences",
    "Estimator",
    "Extractor",
    "FrechetDistance",
    "HasLikelihood",
    "ModeCoverage",
    "ParzenResult",
    "Protocol",
    "Subject",
    "Value",
    "estimate_divergences",
    "evaluate_elbo",
    "extractor_for",
    "frechet_distance",
    "gaussian_frechet",
    "mode_coverage",
    "module_extractor",
    "parzen_log_density",
    "parzen_log_likelihood",
    "register_estimator",
    "register_extractor",
    "register_metric",
    "split_features",
]
