"""A trained model's parameters and buffers as a safetensors file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import safetensors
from safetensors.numpy import load, save

from bench.errors import BenchError

Weights = Mapping[str, np.ndarray]


class WeightsError(BenchError):
    """Weights that are not there, or cannot be used."""


def pack_weights(weights: Weights, run_id: str) -> bytes:
    """The content of a file of weights.

    Args:
        weights: arrays by name.
        run_id: the run that they belong to, for the file's header.
    """
    content: bytes = save({name: np.asarray(array, order="C") for name, array in weights.items()}, {"run": run_id})
    return content


def unpack_weights(content: bytes, path: str) -> dict[str, np.ndarray]:
    """The arrays in a file of weights, by name.

    Args:
        content: of the file.
        path: the file, for messages.

    Raises:
        WeightsError: if it is no such file, or damaged.
    """
    try:
        weights: dict[str, np.ndarray] = load(content)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise unreadable(path, error) from error
    return weights


def unreadable(path: str, error: Exception) -> WeightsError:
    """What is to be said of a file that holds no weights."""
    return WeightsError(
        f"{path}: not a readable file of weights ({error}); `bench run SUITE --retry weights` trains its model again"
    )
