"""Tests of bench.reporting.page."""
