"""Benchmarks, run on demand: `make benchmark`."""
