"""Tests of bench.suite."""
