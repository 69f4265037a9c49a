"""Tests of bench.launch."""
