"""Likelihoods: bounds for models that have one, kernel estimates for all others. Importing registers the protocols."""

from bench.metrics.likelihood.elbo import ELBO, evaluate_elbo
from bench.metrics.likelihood.parzen import ParzenResult, parzen_log_density, parzen_log_likelihood

__all__ = ["ELBO", "ParzenResult", "evaluate_elbo", "parzen_log_density", "parzen_log_likelihood"]
