"""Density ratios from samples: nested cross-fitting of closed forms and networks."""

from bench.metrics.estimation.ratio.design import FOLDS
from bench.metrics.estimation.ratio.fit import LogRatios, fit_log_ratio

__all__ = ["FOLDS", "LogRatios", "fit_log_ratio"]
