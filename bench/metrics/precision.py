"""Full float32 precision for measuring, whatever precision training chose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def use_full_float32() -> Iterator[None]:
    """Turn TensorFloat-32 off inside the block, for matrix products and convolutions, and restore the settings after.

    TensorFloat-32 keeps 10 bits of mantissa: a relative error of 1e-3, which in a squared distance or a feature is
    more than many differences that are to be measured. Convolution algorithms are deterministic ones in the block.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    cudnn = torch.backends.cudnn
    try:
        with cudnn.flags(
            enabled=cudnn.enabled, benchmark=False, benchmark_limit=None, deterministic=True, allow_tf32=False
        ):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
