"""Suites that hold estimators of divergences against exact values."""
