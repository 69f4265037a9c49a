"""Tests of bench.models.vae."""
