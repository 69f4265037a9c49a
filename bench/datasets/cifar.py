"""CIFAR-10: 60,000 colour images of 32 × 32 pixels in ten classes, from any of the forms in which it is published."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from bench.datasets.base import Dataset, register_dataset
from bench.datasets.checksums import GZIP_MAGIC
from bench.datasets.formats import HEAD_BYTES, recognise_format
from bench.datasets.images import labelled_images
from bench.datasets.locate import locate
from bench.datasets.restricted_pickle import ForbiddenNameError, read_pickle
from bench.datasets.sources import RemoteFile, Source
from bench.errors import BenchError

BATCH = 10_000
TRAIN = 45_000
SHAPE = (3, 32, 32)
CLASSES = 10
PEAK = 255
BATCHES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
_RECORD = 1 + 3 * 32 * 32

TrainingSize = Annotated[int, Field(ge=1, le=TRAIN)]


def _unpacked(folder: str, suffix: str) -> tuple[RemoteFile, ...]:
    names = (f"{name}{suffix}" for name in BATCHES)
    return tuple(RemoteFile(name, other_names=(f"{folder}/{name}",)) for name in names)


CIFAR10 = Source(
    name="cifar10",
    title="CIFAR-10",
    files=(RemoteFile("cifar-10-binary.tar.gz", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),),
    mirrors=("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
    other_forms=(
        (RemoteFile("cifar-10-python.tar.gz", "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"),),
        _unpacked("cifar-10-batches-bin", ".bin"),
        _unpacked("cifar-10-batches-py", ""),
    ),
    also="cifar-10-python.tar.gz, or what is in either: cifar-10-batches-bin or cifar-10-batches-py",
    folders=("cifar-10-batches-bin", "cifar-10-batches-py"),
)


@register_dataset("cifar10", source=CIFAR10, shape=SHAPE)
def cifar10(size: TrainingSize | None = None) -> Dataset:
    """Small photographs of animals and vehicles (Krizhevsky 2009), shape (3, 32, 32).

    Of the 50,000 published training images the first 45,000 are train, the last 5,000 validation; test are the 10,000
    of the test batch. The binary form, the Python form, and both unpacked give the same examples; pickles are read
    without running what they name. It takes 740 MB of memory. No classifier of it ships: there is no mode coverage.

    Args:
        size: use only the first `size` training examples; all by default.

    Raises:
        BenchError: if the files can neither be found nor downloaded, or are damaged.
    """
    images, labels = _read_all(locate(CIFAR10))
    used, test = TRAIN if size is None else size, BATCH * (len(BATCHES) - 1)
    return labelled_images(
        "cifar10",
        (images[:used], images[TRAIN:test], images[test:]),
        (labels[:used], labels[TRAIN:test], labels[test:]),
        peak=PEAK,
        classes=CLASSES,
    )


def _read_all(paths: tuple[Path, ...]) -> tuple[Tensor, Tensor]:
    """All images, uint8, shape (60000, 3, 32, 32), and their classes, the test batch last."""
    contents = dict(_unpack(paths[0]) if len(paths) == 1 else ((path, path.read_bytes()) for path in paths))
    by_name: Mapping[str, Path] = {path.name.removesuffix(".bin"): path for path in contents}
    lacking = [name for name in BATCHES if name not in by_name]
    if lacking:
        raise _refusal(paths[0], f"no {', '.join(lacking)} in it", "the five data batches and the test batch")
    pairs = [_read_batch(by_name[name], contents[by_name[name]]) for name in BATCHES]
    return torch.cat([images for images, _ in pairs]), torch.cat([labels for _, labels in pairs])


def _unpack(archive: Path) -> Iterator[tuple[Path, bytes]]:
    """The batches in a tar archive, in memory, each under the archive's path and its own name."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                if name.removesuffix(".bin") in BATCHES and member.isfile():
                    stream = tar.extractfile(member)
                    assert stream is not None
                    yield archive / name, stream.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        with archive.open("rb") as file:
            head = file.read(HEAD_BYTES)
        known = None if head.startswith(GZIP_MAGIC) else recognise_format(head)
        found = f"a file that is no whole archive ({error})" if known is None else known.name
        raise _refusal(archive, found, "the tar archive as published") from error


def _read_batch(path: Path, content: bytes) -> tuple[Tensor, Tensor]:
    """Images, uint8, shape (10000, 3, 32, 32), and classes of one batch."""
    pixels, labels = (_read_binary if path.suffix == ".bin" else _read_python)(path, content)
    if int(labels.max()) >= CLASSES:
        raise _refusal(path, f"label {int(labels.max())}", f"labels from 0 to {CLASSES - 1}")
    return pixels.reshape(-1, *SHAPE), labels.to(torch.uint8)


def _read_binary(path: Path, content: bytes) -> tuple[Tensor, Tensor]:
    if len(content) != BATCH * _RECORD:
        raise _refusal(path, f"{len(content)} bytes", f"{BATCH * _RECORD}: {BATCH} records of {_RECORD}")
    records = torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(BATCH, _RECORD)
    return records[:, 1:], records[:, 0]


def _read_python(path: Path, content: bytes) -> tuple[Tensor, Tensor]:
    expected = f"a dictionary with `data`, {BATCH} x {_RECORD - 1} bytes, and as many `labels`"
    try:
        batch = read_pickle(content)
    except ForbiddenNameError as error:
        raise _refusal(path, str(error), expected) from error
    except Exception as error:  # pickle raises anything where content is damaged
        raise _refusal(path, f"a file that is no pickle ({error})", expected) from error
    if not isinstance(batch, dict):
        raise _refusal(path, f"a pickled {type(batch).__name__}", expected)
    values = {key.decode() if isinstance(key, bytes) else key: value for key, value in batch.items()}
    data, labels = values.get("data"), np.asarray(values.get("labels"))
    fits = isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.shape == (BATCH, _RECORD - 1)
    if not fits or labels.shape != (BATCH,) or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise _refusal(path, "a pickled dictionary of other values", expected)
    return torch.from_numpy(np.ascontiguousarray(data)), torch.from_numpy(labels.astype(np.int64))


def _refusal(path: Path, found: str, expected: str) -> BenchError:
    return BenchError(f"{path}: found {found}, expected {expected}; replace it with the file as published")
