"""Datasets by name: three splits in memory, with modes and a density where the data has them.

Importing this package registers every kind that it ships.
"""

from bench.datasets import digits, mixture, mnist, points, stacked  # noqa: F401 - imported to register them
from bench.datasets.base import (
    DATASETS,
    SOURCES,
    Dataset,
    Modes,
    check_parameters,
    dataset_parameter_errors,
    fetch,
    fingerprint,
    load_dataset,
    register_dataset,
)
from bench.datasets.locate import RemoteFile, Source, locate, missing_files
from bench.datasets.parameters import ParameterError

__all__ = [
    "DATASETS",
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
]
