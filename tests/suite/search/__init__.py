"""Tests of bench.suite.search."""
