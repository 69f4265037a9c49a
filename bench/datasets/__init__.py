"""Datasets by name: three splits in memory, with modes and a density where the data has them.

Importing this package registers every kind that it ships.
"""

from bench.datasets import (  # noqa: F401 - imported to register them
    celeba,
    cifar,
    digits,
    factors,
    mixture,
    mnist,
    picture_folder,
    planar,
    points,
    stacked,
)
from bench.datasets.base import (
    DATASETS,
    SHAPES,
    Dataset,
    Modes,
    check_parameters,
    dataset_parameter_errors,
    fetch,
    fingerprint,
    load_dataset,
    register_dataset,
    shape_of,
)
from bench.datasets.locate import locate, missing_files
from bench.datasets.parameters import ParameterError
from bench.datasets.sources import SOURCES, RemoteFile, Source

__all__ = [
    "DATASETS",
    "SHAPES",
    "SOURCES",
    "Dataset",
    "Modes",
    "ParameterError",
    "RemoteFile",
    "Source",
    "check_parameters",
    "dataset_parameter_errors",
    "fetch",
    "fingerprint",
    "load_dataset",
    "locate",
    "missing_files",
    "register_dataset",
    "shape_of",
]
