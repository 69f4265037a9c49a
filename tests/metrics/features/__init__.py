"""Tests of bench.metrics.features."""
