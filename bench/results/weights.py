"""A trained model's parameters and buffers in a safetensors file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

from bench.errors import BenchError

Weights = Mapping[str, np.ndarray]


class WeightsError(BenchError):
    """Weights that are not there, or cannot be used."""


def write_weights(weights: Weights, path: Path, run_id: str) -> None:
    """Write a file of weights under a temporary name and rename it into place.

    Args:
        weights: arrays by name.
        path: the file.
        run_id: the run that they belong to, for the file's header.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        save_file({name: np.asarray(array, order="C") for name, array in weights.items()}, temporary, {"run": run_id})
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The arrays in a file of weights, by name.

    Raises:
        WeightsError: if it cannot be read.
    """
    try:
        weights: dict[str, np.ndarray] = load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a readable file of weights ({error}); train it again") from error
    return weights
