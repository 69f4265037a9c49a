"""Tests of bench.metrics.ratio."""
