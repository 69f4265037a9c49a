"""Density ratios from samples: nested cross-fitting of closed forms and learners."""

from bench.metrics.estimation.ratio.design import FOLDS, halve, make_design
from bench.metrics.estimation.ratio.fit import LogRatios, fit_log_ratio
from bench.metrics.estimation.ratio.learners import EFFORTS

__all__ = ["EFFORTS", "FOLDS", "LogRatios", "fit_log_ratio", "halve", "make_design"]
