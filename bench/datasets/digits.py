"""Handwritten digits of 8 × 8 pixels, as scikit-learn ships them: images without a download."""

from __future__ import annotations

import numpy as np
import torch

from bench.datasets.base import Dataset, register_dataset
from bench.datasets.images import labelled_images

VALIDATION = 297
TEST = 500
PEAK = 16
SPLIT_SEED = 0


@register_dataset("digits")
def digits() -> Dataset:
    """1,797 digits of shape (1, 8, 8) in ten classes: 1,000 train, 297 validation, 500 test.

    The images are the test set of "Optical Recognition of Handwritten Digits" (UCI, Alpaydin & Kaynak 1998); raw
    pixels count 0 to 16. The split is ours: `sklearn.model_selection.train_test_split` with `random_state=0`,
    stratified by class; it takes the test set off first, then the validation set.
    """
    from sklearn.datasets import load_digits  # slow to import, and only this dataset needs it
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    labels = bunch.target
    rest, test = train_test_split(np.arange(len(labels)), test_size=TEST, stratify=labels, random_state=SPLIT_SEED)
    train, validation = train_test_split(rest, test_size=VALIDATION, stratify=labels[rest], random_state=SPLIT_SEED)
    pixels = torch.from_numpy(bunch.images.astype(np.uint8))
    classes = torch.from_numpy(labels.astype(np.uint8))
    return labelled_images(
        "digits",
        (pixels[train], pixels[validation], pixels[test]),
        (classes[train], classes[validation], classes[test]),
        peak=PEAK,
        classes=len(bunch.target_names),
    )
