"""Likelihoods: bounds for models that have one, kernel estimates for all others. Importing registers the protocols."""

from bench.metrics.likelihood.active_units import ActiveUnits, count_active_units
from bench.metrics.likelihood.elbo import ELBO, evaluate_elbo
from bench.metrics.likelihood.gradient_variance import measure_gradient_variance
from bench.metrics.likelihood.importance import ImportanceWeightedBound, importance_weighted_bound
from bench.metrics.likelihood.interface import (
    HasELBOGradients,
    HasLinearDecoder,
    HasLogWeights,
    HasObserved,
    HasPosteriorMean,
)
from bench.metrics.likelihood.kde import KDELogLikelihood, KDEResult, kde_log_likelihood
from bench.metrics.likelihood.parzen import ParzenLogLikelihood, ParzenResult, parzen_log_density, parzen_log_likelihood
from bench.metrics.likelihood.posterior_gap import measure_posterior_gap

__all__ = [
    "ELBO",
    "ActiveUnits",
    "HasELBOGradients",
    "HasLinearDecoder",
    "HasLogWeights",
    "HasObserved",
    "HasPosteriorMean",
    "ImportanceWeightedBound",
    "KDELogLikelihood",
    "KDEResult",
    "ParzenLogLikelihood",
    "ParzenResult",
    "count_active_units",
    "evaluate_elbo",
    "importance_weighted_bound",
    "kde_log_likelihood",
    "measure_gradient_variance",
    "measure_posterior_gap",
    "parzen_log_density",
    "parzen_log_likelihood",
]
