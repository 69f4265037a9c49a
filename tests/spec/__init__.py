"""Tests of bench.spec."""
