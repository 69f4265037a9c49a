"""Which errors say that memory ran out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.training import is_out_of_memory


def test_the_hosts_memory_as_torch_tells_it() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 46, dtype=torch.float64)
    assert type(caught.value) is RuntimeError
    assert is_out_of_memory(caught.value)


def test_the_hosts_memory_as_numpy_tells_it() -> None:
    with pytest.raises(MemoryError) as caught:
        np.empty(1 << 56)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        torch.cuda.OutOfMemoryError(),
        MemoryError(),
        RuntimeError("[enforce fail] data. DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_what_cannot_be_provoked_here(error: BaseException) -> None:
    assert is_out_of_memory(error)


def test_other_errors() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.ones(2) @ torch.ones(3)
    assert not is_out_of_memory(caught.value)
    assert not is_out_of_memory(ValueError("DefaultCPUAllocator: can't allocate memory"))
    assert not is_out_of_memory(KeyboardInterrupt())
