"""Divergences under noise of many levels, from one critic that is told the level."""

from bench.metrics.estimation.noise.curve import NoisyRatios, estimate_divergence_curve

__all__ = ["NoisyRatios", "estimate_divergence_curve"]
