"""Stacked MNIST: three handwritten digits as the channels of one image, a thousand modes."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from bench.datasets.base import Dataset, fingerprint, register_dataset
from bench.datasets.mnist import CLASSES, MNIST, PIXELS, mnist

CHANNELS = 3
TRAIN = 128_000
VALIDATION = 10_000
TEST = 26_000
ENTROPY = 20_170_206  # of all triples; a change gives the dataset another fingerprint

TrainingSize = Annotated[int, Field(ge=1, le=TRAIN)]


class _Split(NamedTuple):
    """One split: images (n, 3, 28, 28), their classes (n,), and the digits that each is made of, as indices (n, 3)."""

    images: Tensor
    labels: Tensor
    triples: Tensor


@register_dataset("stacked-mnist", source=MNIST, shape=(CHANNELS, *PIXELS))
def stacked_mnist(size: TrainingSize = TRAIN) -> Dataset:
    """Triples of MNIST digits, shape (3, 28, 28), with label 100a + 10b + c for digits a, b, c in this order.

    The modes are those of Metz et al. 2017 (arXiv:1611.02163), the sizes those of PacGAN (Lin et al. 2018,
    arXiv:1712.04086): 128,000 training and 26,000 test triples; 10,000 more are for validation. The digits of a triple
    are drawn independently and uniformly, with replacement, from the MNIST split of the same name: no test digit is
    ever trained on. The triples are the same ones on every machine.

    It takes 1.5 GB of memory, 9.4 kB an image.

    Args:
        size: use only the first `size` training triples; all 128,000 by default.

    Returns:
        The dataset. Its `class_weights` are products of the shares of the digits in MNIST's test split.

    Raises:
        BenchError: if MNIST's files can neither be found nor downloaded, or are damaged.
    """
    digits = mnist()
    train = _split(digits.train, digits.train_labels, size, stream=0)
    validation = _split(digits.validation, digits.validation_labels, VALIDATION, stream=1)
    test = _split(digits.test, digits.test_labels, TEST, stream=2)
    raw = torch.tensor(list(digits.fingerprint.encode()), dtype=torch.uint8)
    return Dataset(
        name="stacked-mnist",
        train=train.images,
        validation=validation.images,
        test=test.images,
        fingerprint=fingerprint(raw, train.triples, validation.triples, test.triples),
        train_labels=train.labels,
        validation_labels=validation.labels,
        test_labels=test.labels,
        classes=CLASSES**CHANNELS,
        class_weights=_law(_present(digits.test_labels)),
    )


def _split(digits: Tensor, labels: Tensor | None, count: int, stream: int) -> _Split:
    """`count` triples of `digits`, (n, 1, 28, 28).

    Each channel is written where it belongs: the training split is 1.2 GB, which must not be there twice.
    """
    triples = _draw(len(digits), count, stream)
    images = torch.empty(count, CHANNELS, *digits.shape[2:])
    for channel in range(CHANNELS):
        torch.index_select(digits[:, 0], 0, triples[:, channel], out=images[:, channel])
    places = CLASSES ** torch.arange(CHANNELS - 1, -1, -1)
    return _Split(images, (_present(labels)[triples] * places).sum(1), triples)


def _draw(population: int, count: int, stream: int) -> Tensor:
    """`count` triples of indices below `population`, int64, shape (count, 3); the first ones whatever `count` is.

    Raw words, as NumPy promises them for all its versions, which it does not for what `Generator` makes of them. The
    remainder prefers small indices by less than 1e-14.
    """
    words = np.random.PCG64([ENTROPY, stream]).random_raw(count * CHANNELS)
    return torch.from_numpy((words % population).astype(np.int64)).reshape(count, CHANNELS)


def _law(labels: Tensor) -> Tensor:
    """Probability of each class of triples of independent digits with these labels, float64, shape (1000,)."""
    counts = torch.bincount(labels, minlength=CLASSES).double()
    law = share = counts / counts.sum()
    for _ in range(CHANNELS - 1):
        law = torch.outer(law, share).flatten()
    return law


def _present(labels: Tensor | None) -> Tensor:
    """MNIST's labels, which are always there."""
    assert labels is not None
    return labels
