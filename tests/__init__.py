"""Tests of divergence-bench; folders mirror the package."""
