"""Tests of bench.reporting."""
