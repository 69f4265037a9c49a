"""TensorFloat-32 is off while measuring, and the settings of training come back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from bench.metrics.precision import use_full_float32


@pytest.fixture
def fast_training() -> Iterator[None]:
    """Settings that training may have chosen."""
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    yield
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.benchmark = False


def settings() -> tuple[str, bool, bool, bool]:
    cudnn = torch.backends.cudnn
    return torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic


@pytest.mark.usefixtures("fast_training")
def test_is_full_inside_and_restored_outside() -> None:
    before = settings()
    with use_full_float32():
        assert settings() == ("highest", False, False, True)
    assert settings() == before


@pytest.mark.usefixtures("fast_training")
def test_is_restored_after_an_error() -> None:
    before = settings()
    with pytest.raises(ValueError, match="inside"), use_full_float32():
        raise ValueError("inside")
    assert settings() == before
