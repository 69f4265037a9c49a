"""Tests of bench.reporting.tables."""
