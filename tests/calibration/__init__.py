"""Tests of `bench.calibration`."""
