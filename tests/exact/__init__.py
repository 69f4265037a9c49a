"""Tests of bench.exact."""
