"""What datasets of labelled grey images have in common."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.datasets.base import Dataset, fingerprint

Splits = tuple[Tensor, Tensor, Tensor]


def labelled_images(name: str, images: Splits, labels: Splits, *, peak: int, classes: int) -> Dataset:
    """A dataset of grey images in [0, 1].

    Args:
        name: name of the dataset.
        images: raw pixels of train, validation and test, uint8, shape (n, height, width) each.
        labels: their classes, uint8, shape (n,) each.
        peak: the raw value that becomes 1.
        classes: number of classes.

    Returns:
        A dataset of examples of shape (1, height, width). Its fingerprint is that of the raw pixels and labels.
    """
    train, validation, test = (pixels.unsqueeze(1).to(torch.float32).div_(peak) for pixels in images)
    train_labels, validation_labels, test_labels = (label.to(torch.int64) for label in labels)
    return Dataset(
        name=name,
        train=train,
        validation=validation,
        test=test,
        fingerprint=fingerprint(*images, *labels),
        train_labels=train_labels,
        validation_labels=validation_labels,
        test_labels=test_labels,
        classes=classes,
    )
