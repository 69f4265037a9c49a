"""Tests of bench.deploy."""
