"""Tests of bench.metrics.estimation."""
