"""Distances between test data and generated data in the space of an extractor's features.

Importing this package registers every extractor and every protocol that it ships.
"""

from bench.metrics.features import divergences, fid, fidelity, inception, kid  # noqa: F401 - imported to register them
from bench.metrics.features.comparison import Comparison, compare_features, make_feature_labels
from bench.metrics.features.extractors import (
    EXTRACTORS,
    Extractor,
    ExtractorRule,
    extractor_for,
    load_extractor,
    make_extractor,
    register_extractor,
)
from bench.metrics.features.extrapolation import Extrapolated, frechet_infinity
from bench.metrics.features.frechet import FrechetDistance, frechet_distance, gaussian_frechet
from bench.metrics.features.kernel import KernelDistance, KernelDistanceResult, kernel_distance
from bench.metrics.features.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from bench.metrics.features.reference import load_split_features

__all__ = [
    "EXTRACTORS",
    "Comparison",
    "DensityCoverage",
    "Extractor",
    "ExtractorRule",
    "Extrapolated",
    "FrechetDistance",
    "KernelDistance",
    "KernelDistanceResult",
    "PrecisionRecall",
    "compare_features",
    "density_coverage",
    "extractor_for",
    "frechet_distance",
    "frechet_infinity",
    "gaussian_frechet",
    "kernel_distance",
    "load_extractor",
    "load_split_features",
    "make_extractor",
    "make_feature_labels",
    "precision_recall",
    "register_extractor",
]
