"""Tests of bench.reporting.search."""
