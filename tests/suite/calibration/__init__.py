"""Tests of bench.suite.calibration."""
