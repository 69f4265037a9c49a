"""Density ratios from samples: nested cross-fitting of closed forms and networks."""

from bench.metrics.ratio.fit import FOLDS, LogRatios, fit_log_ratio

__all__ = ["FOLDS", "LogRatios", "fit_log_ratio"]
