"""Tests of bench.session."""
