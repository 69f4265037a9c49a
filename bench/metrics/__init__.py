"""Figures of trained models, one versioned protocol each; every one can be called on plain tensors too.

Importing this package registers every protocol that it ships.
"""

from bench.metrics import divergences, modes, moments  # noqa: F401 - imported to register them
from bench.metrics.base import METRICS, HasLikelihood, Protocol, Subject, register_metric
from bench.metrics.divergences import EstimatedDivergences
from bench.metrics.estimation import (
    ESTIMATORS,
    Estimate,
    Estimator,
    Value,
    estimate_divergences,
    register_estimator,
)
from bench.metrics.features import (
    EXTRACTORS,
    Extractor,
    FrechetDistance,
    extractor_for,
    frechet_distance,
    gaussian_frechet,
    module_extractor,
    register_extractor,
    split_features,
)
from bench.metrics.likelihood import ELBO, ParzenResult, evaluate_elbo, parzen_log_density, parzen_log_likelihood
from bench.metrics.modes import ModeCoverage, mode_coverage

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
