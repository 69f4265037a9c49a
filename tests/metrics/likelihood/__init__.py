"""Tests of bench.metrics.likelihood."""
