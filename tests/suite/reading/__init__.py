"""Tests of bench.suite.reading."""
