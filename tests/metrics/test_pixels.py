"""Images as users have them: of the dataset's range, of 8 bits, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bench import ArgumentError, load_dataset, mode_coverage
from bench.metrics import METRICS
from bench.metrics.pixels import as_pixels
from tests.metrics.conftest import SubjectMaker


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return load_dataset("digits").test


def eight_bits(x: Tensor) -> Tensor:
    return (255 * x).round().to(torch.uint8)


SAME: dict[str, Callable[[Tensor], Any]] = {
    "array": lambda x: x.numpy(),
    "float64": lambda x: x.double(),
    "list": lambda x: x.tolist(),
    "8 bits": eight_bits,
    "array of 8 bits": lambda x: eight_bits(x).numpy(),
    "unbounded": lambda x: 1.04 * x - 0.02,
}


@pytest.mark.parametrize("kind", SAME)
def test_real_digits_are_real_digits(digits: Tensor, kind: str) -> None:
    assert mode_coverage(SAME[kind](digits), "digits") == pytest.approx(mode_coverage(digits, "digits"), abs=2e-3)


WRONG: dict[str, Callable[[Tensor], Tensor]] = {
    "from −1 to 1": lambda x: 2 * x - 1,
    "from −½ to ½": lambda x: x - 0.5,
    "from 0 to 255": lambda x: 255 * x,
    "whole from 0 to 255": lambda x: eight_bits(x).long(),
    "from 0 to 16": lambda x: 16 * x,
    "standardised": lambda x: (x - x.mean()) / x.std(),
}


@pytest.mark.parametrize("kind", WRONG)
def test_other_ranges_are_refused(digits: Tensor, kind: str) -> None:
    with pytest.raises(ArgumentError, match=r"pixels from .* of them outside; expected images with pixels from 0 to 1"):
        mode_coverage(WRONG[kind](digits), "digits")


def test_images_of_two_values_are_of_any_type(digits: Tensor) -> None:
    black_and_white = digits > 0.5
    assert mode_coverage(black_and_white.to(torch.uint8), "digits") == mode_coverage(black_and_white, "digits")


@given(low=st.floats(-3, 3), width=st.floats(0.1, 10), bits=st.lists(st.integers(0, 255), min_size=2, max_size=20))
def test_8_bits_are_brought_to_any_range(low: float, width: float, bits: list[int]) -> None:
    found = as_pixels(torch.tensor([*bits, 255], dtype=torch.uint8), (low, low + width))
    expected = low + width * torch.tensor([*bits, 255]) / 255
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_a_model_is_measured_in_whatever_range_it_draws(make_subject: SubjectMaker) -> None:
    """Its images are no mistake of the user's: a run that went astray still has its figures."""
    data = load_dataset("digits")
    drawn = 2 * data.train[:500] - 1
    figures = METRICS["mode_coverage"].measure(make_subject(data, lambda n, _: drawn[:n], samples=500))
    assert figures["mode_n"] == 500
