"""Tests of bench.execute."""
