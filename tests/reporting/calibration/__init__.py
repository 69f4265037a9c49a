"""Tests of bench.reporting.calibration."""
