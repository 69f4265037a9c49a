"""Tests of bench.reporting.figures."""
