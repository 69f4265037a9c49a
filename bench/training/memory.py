"""Errors that say that memory ran out."""

from __future__ import annotations

import gc

import torch

_MESSAGES = (
    "DefaultCPUAllocator: can't allocate memory",
    "not enough memory: you tried to allocate",
    "CUDA error: out of memory",
    "_STATUS_ALLOC_FAILED",
)
"""How torch tells it by a RuntimeError: of the host on Linux and on Windows, and by what CUDA's libraries allocate."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the device or the host has not enough memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(message in str(error) for message in _MESSAGES)


def is_out_of_memory_text(text: str) -> bool:
    """The same of an error of another process, by its traceback."""
    return any(name in text for name in ("OutOfMemoryError", "MemoryError", *_MESSAGES))


def release_memory() -> None:
    """Give back what nothing holds any more, on the host and on the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
