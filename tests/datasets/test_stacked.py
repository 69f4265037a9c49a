"""Stacked MNIST: triples over made-up digits that can be told apart, and the published ones where the user has them."""

from __future__ import annotations

import dataclasses
import itertools
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from bench.datasets import Dataset, ParameterError, check_parameters, fetch, load_dataset
from bench.datasets.locate import DATA_DIR_VARIABLE
from bench.datasets.stacked import stacked_mnist

SIZE = 3000
SPLITS = ("train", "validation", "test")
POPULATIONS = {"train": 50_000, "validation": 10_000, "test": 10_000}
MADE_UP = "768af0ac879e1c13b29049bdfff03532766c4f5fdf2c0529b9b8ea267c7b53b6"
PUBLISHED = "f239fa2006a6936c3ee9f2a047969d98e6b893320b6acb24bb3ca21a55422b6b"
"""Fingerprints: of the first 3,000 triples of the files below, and of all 128,000 of the published ones."""


def _write(folder: Path, prefix: str, n: int, mark: int = 0) -> None:
    """IDX files of `n` images whose first two pixels spell their number, and unequally frequent labels."""
    images = np.zeros((n, 28, 28), dtype=np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.arange(n) // 256, np.arange(n) % 256
    images[17, 27, 27] = mark
    labels = np.minimum(np.arange(n) % 13, 9).astype(np.uint8)
    for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
        header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
        (folder / f"{prefix}-{kind}-ubyte").write_bytes(header + array.tobytes())


def _made_up(root: Path, mark: int = 0) -> Path:
    """`root`, with MNIST files in it."""
    (root / "mnist").mkdir()
    _write(root / "mnist", "train", 60_000)
    _write(root / "mnist", "t10k", 10_000, mark)
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made_up(tmp_path_factory.mktemp("given"))


@pytest.fixture(scope="module")
def data(root: Path) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATA_DIR_VARIABLE, str(root))
        return load_dataset("stacked-mnist", size=SIZE)


def _numbers(images: Tensor) -> Tensor:
    """Which made-up digit is in each channel, shape (n, 3)."""
    corner = images[:, :, 0, :2].mul(255).round().long()
    return corner[..., 0] * 256 + corner[..., 1]


def _digits(data: Dataset, split: str) -> Tensor:
    """Which of its population each channel shows: validation digits are the last 10,000 of 60,000."""
    return _numbers(getattr(data, split)) - (50_000 if split == "validation" else 0)


def test_shapes_and_sizes(data: Dataset) -> None:
    assert (data.name, data.classes, data.shape) == ("stacked-mnist", 1000, (3, 28, 28))
    assert [len(data.train), len(data.validation), len(data.test)] == [SIZE, 10_000, 26_000]
    assert data.train.dtype == data.test.dtype == torch.float32
    assert data.is_image
    assert 0 <= float(data.test.min()) < float(data.test.max()) == 1


@pytest.mark.parametrize("split", SPLITS)
def test_digits_come_from_the_split_of_the_same_name(data: Dataset, split: str) -> None:
    digits = _digits(data, split)
    assert digits.min() >= 0
    assert digits.max() < POPULATIONS[split]


@pytest.mark.parametrize("split", SPLITS)
def test_labels_are_the_digits_in_decimal(data: Dataset, split: str) -> None:
    labels = getattr(data, f"{split}_labels")
    a, b, c = (min(number % 13, 9) for number in _numbers(getattr(data, split))[7].tolist())
    assert labels[7] == 100 * a + 10 * b + c
    grey = (_numbers(getattr(data, split)) % 13).clamp(max=9)
    assert labels.dtype == torch.int64
    assert torch.equal(labels, (grey * torch.tensor([100, 10, 1])).sum(1))


@pytest.mark.parametrize("split", SPLITS)
def test_draws_are_uniform_independent_and_with_replacement(data: Dataset, split: str) -> None:
    """Chi-square of 10 × 10 cells for every pair of channels: 99 degrees of freedom, at five standard deviations."""
    digits = _digits(data, split)
    tenth = digits * 10 // POPULATIONS[split]
    for first, second in itertools.combinations(range(3), 2):
        cells = torch.bincount(tenth[:, first] * 10 + tenth[:, second], minlength=100).double()
        expected = len(digits) / 100
        assert float(((cells - expected) ** 2 / expected).sum()) < 99 + 5 * (2 * 99) ** 0.5
    # N draws with replacement from M leave M (1 − 1/M)^N untouched, with a variance below that.
    draws, population = digits.numel(), POPULATIONS[split]
    untouched = population * (1 - 1 / population) ** draws
    assert population - len(digits.unique()) == pytest.approx(untouched, abs=5 * untouched**0.5)


def test_splits_are_drawn_apart(data: Dataset) -> None:
    validation, test = _digits(data, "validation"), _digits(data, "test")[:10_000]
    assert (validation == test).double().mean() < 1e-3


def test_class_weights_are_products_of_the_test_digits_shares(data: Dataset) -> None:
    counts = [sum(min(number % 13, 9) == digit for number in range(10_000)) for digit in range(10)]
    expected = [counts[a] * counts[b] * counts[c] / 1e12 for a, b, c in itertools.product(range(10), repeat=3)]
    assert data.class_weights is not None
    assert data.class_weights.dtype == torch.float64
    assert data.class_weights.tolist() == pytest.approx(expected, rel=1e-12)
    moved = data.to("meta").class_weights
    assert moved is not None
    assert moved.device.type == "meta"
    assert dataclasses.replace(data, class_weights=None).to("cpu").class_weights is None


def test_size_takes_the_first_training_triples(data: Dataset, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(root))
    assert fetch("stacked-mnist") == root / "mnist"
    few = stacked_mnist(size=7)
    assert few.train_labels is not None
    assert data.train_labels is not None
    assert torch.equal(few.train, data.train[:7])
    assert torch.equal(few.train_labels, data.train_labels[:7])
    assert torch.equal(few.test, data.test)
    assert few.fingerprint != data.fingerprint


def test_the_fingerprint_names_digits_and_triples(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number known ahead: the same triples on every machine. One pixel of one digit makes another dataset."""
    assert data.fingerprint == MADE_UP
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(_made_up(tmp_path, mark=1)))
    assert stacked_mnist(size=SIZE).fingerprint != data.fingerprint


@pytest.mark.parametrize("size", [0, 128_001, "all", 1.0])
def test_size_is_checked(size: object) -> None:
    with pytest.raises(ParameterError, match="dataset 'stacked-mnist': parameter 'size'"):
        check_parameters("stacked-mnist", {"size": size})


@pytest.mark.skipif(
    not (Path(os.environ.get(DATA_DIR_VARIABLE, "nowhere")) / "mnist").is_dir(),
    reason=f"needs the published files in ${DATA_DIR_VARIABLE}/mnist",
)
def test_published_files() -> None:
    """The whole of it, and that every channel of every label is that digit, as the mean image of each digit has it."""
    data = load_dataset("stacked-mnist")
    assert data.fingerprint == PUBLISHED
    assert len(data.train) == 128_000
    grey = load_dataset("mnist")
    assert grey.test_labels is not None
    assert data.test_labels is not None
    for channel, place in enumerate((100, 10, 1)):
        digit = data.test_labels // place % 10
        for number in range(10):
            mean = data.test[digit == number, channel].mean(0)
            known = grey.test[grey.test_labels == number, 0]
            error = known.var(0) / int((digit == number).sum())
            assert bool(((mean - known.mean(0)).abs() <= 6 * error.sqrt() + 1e-4).all())
