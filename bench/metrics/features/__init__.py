"""Distances between test data and generated data in the space of an extractor's features.

Importing this package registers every extractor and every protocol that it ships.
"""

from bench.metrics.features import fid  # noqa: F401 - imported to register it
from bench.metrics.features.extractors import (
    EXTRACTORS,
    Extractor,
    extractor_for,
    module_extractor,
    register_extractor,
    split_features,
)
from bench.metrics.features.frechet import FrechetDistance, frechet_distance, gaussian_frechet

__all__ = [
    "EXTRACTORS",
    "Extractor",
    "FrechetDistance",
    "extractor_for",
    "frechet_distance",
    "gaussian_frechet",
    "module_extractor",
    "register_extractor",
    "split_features",
]
