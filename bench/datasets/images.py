"""What datasets of labelled images have in common."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.datasets.base import Dataset, fingerprint

Splits = tuple[Tensor, Tensor, Tensor]


def labelled_images(name: str, images: Splits, labels: Splits, *, peak: int, classes: int) -> Dataset:
    """A dataset of images in [0, 1].

    Args:
        name: name of the dataset.
        images: raw pixels of train, validation and test, uint8, shape (n, height, width) each, or
            (n, channels, height, width).
        labels: their classes, uint8, shape (n,) each.
        peak: the raw value that becomes 1.
        classes: number of classes.

    Returns:
        A dataset of examples of shape (channels, height, width), one channel of grey images. Its fingerprint is that of
        the raw pixels and labels.
    """
    coloured = (pixels if pixels.ndim == 4 else pixels.unsqueeze(1) for pixels in images)
    train, validation, test = (pixels.to(torch.float32).div_(peak) for pixels in coloured)
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
