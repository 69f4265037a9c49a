"""Tests of `bench.metrics`."""
