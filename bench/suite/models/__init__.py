"""Suites of generative models."""
