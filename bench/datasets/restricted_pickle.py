"""Pickles of plain values and NumPy arrays, read without running what a pickle may name."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


class ForbiddenNameError(pickle.UnpicklingError):
    """A pickle that names what is not to be read."""


def read_pickle(content: bytes) -> object:
    """The value in a pickle of dictionaries, lists, texts, bytes, numbers and NumPy arrays.

    Texts of Python 2 become bytes.

    Raises:
        ForbiddenNameError: if it names anything else, such as a function to be called; nothing has been called.
        Exception: whatever `pickle` raises of damaged content.
    """
    return _Unpickler(io.BytesIO(content), encoding="bytes").load()


class _Unpickler(pickle.Unpickler):
    """Finds what arrays are made of, in place of what a pickle names, and refuses all other names."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:  # noqa: ANN401 - as pickle declares it
        found = _ALLOWED.get((module_name, global_name))
        if found is None:
            raise ForbiddenNameError(f"a pickle that names {module_name}.{global_name}")
        return found


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes into pickles for Python 2."""
    if encoding != "latin1":
        raise ForbiddenNameError(f"a pickle with bytes in {encoding}")
    return text.encode("latin1")


_reconstruct: Callable[..., object] = np.empty(0).__reduce__()[0]  # type: ignore[assignment]
_ALLOWED: Mapping[tuple[str, str], object] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
}
