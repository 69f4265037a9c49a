"""Tests of bench.datasets."""
