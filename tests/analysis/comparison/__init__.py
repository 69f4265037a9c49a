"""Tests of bench.analysis.comparison."""
