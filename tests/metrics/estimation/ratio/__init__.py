"""Tests of bench.metrics.estimation.ratio."""
