"""Tests of bench.suite.models."""
