"""scikit-learn's digits in three fixed splits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from bench.datasets import Dataset, load_dataset


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load_dataset("digits")


def test_sizes_and_range(data: Dataset) -> None:
    assert [len(data.train), len(data.validation), len(data.test)] == [1000, 297, 500]
    assert data.shape == (1, 8, 8)
    assert data.is_image
    assert data.classes == 10
    assert data.modes is None
    everything = torch.cat([data.train, data.validation, data.test])
    assert everything.dtype == torch.float32
    assert (everything.min().item(), everything.max().item()) == (0, 1)


def test_splits_are_a_partition_with_the_right_labels(data: Dataset) -> None:
    assert data.train_labels is not None
    assert data.validation_labels is not None
    assert data.test_labels is not None
    images = torch.cat([data.train, data.validation, data.test]).squeeze(1).mul(16).numpy().reshape(-1, 64)
    labels = torch.cat([data.train_labels, data.validation_labels, data.test_labels])
    assert labels.dtype == torch.int64
    ours = np.column_stack([images, labels.numpy()])
    theirs = np.column_stack(load_digits(return_X_y=True))
    np.testing.assert_array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])


def test_splits_are_stratified(data: Dataset) -> None:
    shares = np.bincount(load_digits().target) / 1797
    for labels in (data.train_labels, data.validation_labels, data.test_labels):
        assert labels is not None
        counts = torch.bincount(labels, minlength=10).numpy()
        assert np.all(np.abs(counts - len(labels) * shares) <= 2)  # stratified to within rounding


def test_split_is_fixed(data: Dataset) -> None:
    """Results name their data by this fingerprint: a scikit-learn that splits otherwise must not pass unnoticed."""
    assert data.fingerprint == "1154848dfe779c3917e46ef780885f664080bfab0de335f68a6783e7bb2694c0"
