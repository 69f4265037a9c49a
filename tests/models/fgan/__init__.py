"""Tests of bench.models.fgan."""
