"""MNIST and Fashion-MNIST: 70,000 grey images of 28 × 28 pixels in ten classes, from IDX files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from torch import Tensor

from bench.datasets.base import Dataset, register_dataset
from bench.datasets.idx import read_idx
from bench.datasets.images import labelled_images
from bench.datasets.locate import locate
from bench.datasets.sources import RemoteFile, Source
from bench.errors import BenchError

TRAIN = 50_000
PUBLISHED_TRAIN = 60_000
TEST = 10_000
PIXELS = (28, 28)
SHAPE = (1, *PIXELS)
CLASSES = 10
PEAK = 255

TrainingSize = Annotated[int, Field(ge=1, le=TRAIN)]


def _idx_file(name: str, sha256: str, unpacked_sha256: str) -> RemoteFile:
    """A published file; those who hand it on unpacked also write train-images.idx3-ubyte."""
    return RemoteFile(name, sha256, unpacked_sha256, (name.replace("-idx", ".idx"),))


MNIST = Source(
    name="mnist",
    title="MNIST",
    files=(
        _idx_file(
            "train-images-idx3-ubyte.gz",
            "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        _idx_file(
            "train-labels-idx1-ubyte.gz",
            "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        _idx_file(
            "t10k-images-idx3-ubyte.gz",
            "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        _idx_file(
            "t10k-labels-idx1-ubyte.gz",
            "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)

FASHION_MNIST = Source(
    name="fashion-mnist",
    title="Fashion-MNIST",
    files=(
        _idx_file(
            "train-images-idx3-ubyte.gz",
            "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        _idx_file(
            "train-labels-idx1-ubyte.gz",
            "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        _idx_file(
            "t10k-images-idx3-ubyte.gz",
            "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        _idx_file(
            "t10k-labels-idx1-ubyte.gz",
            "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
)


@register_dataset("mnist", source=MNIST, shape=SHAPE)
def mnist(size: TrainingSize | None = None) -> Dataset:
    """Handwritten digits (LeCun et al. 1998), shape (1, 28, 28).

    Of the 60,000 published training images the first 50,000 are train, the last 10,000 validation.

    Args:
        size: use only the first `size` training examples; all by default.

    Raises:
        BenchError: if the files can neither be found nor downloaded, or are damaged.
    """
    return _from_idx(MNIST, size)


@register_dataset("fashion-mnist", source=FASHION_MNIST, shape=SHAPE)
def fashion_mnist(size: TrainingSize | None = None) -> Dataset:
    """Articles of clothing (Xiao et al. 2017, arXiv:1708.07747), shape (1, 28, 28), split like MNIST.

    Args:
        size: use only the first `size` training examples; all by default.

    Raises:
        BenchError: if the files can neither be found nor downloaded, or are damaged.
    """
    return _from_idx(FASHION_MNIST, size)


def _from_idx(source: Source, size: int | None) -> Dataset:
    """The dataset in the four files of `source`: training images and labels, test images and labels."""
    train_images, train_labels, test_images, test_labels = locate(source)
    images, test = read_idx(train_images, (PUBLISHED_TRAIN, *PIXELS)), read_idx(test_images, (TEST, *PIXELS))
    labels, test_classes = _read_labels(train_labels, PUBLISHED_TRAIN), _read_labels(test_labels, TEST)
    used = TRAIN if size is None else size
    return labelled_images(
        source.name,
        (images[:used], images[TRAIN:], test),
        (labels[:used], labels[TRAIN:], test_classes),
        peak=PEAK,
        classes=CLASSES,
    )


def _read_labels(path: Path, count: int) -> Tensor:
    """Classes of `count` images, uint8."""
    labels = read_idx(path, (count,))
    if int(labels.max()) >= CLASSES:
        raise BenchError(f"{path}: found label {int(labels.max())}, expected labels from 0 to {CLASSES - 1}")
    return labels
