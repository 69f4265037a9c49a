"""A folder of pictures of the user's own."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import Annotated

import torch
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from torch import Tensor

from bench.datasets.base import Dataset, fingerprint, register_dataset
from bench.datasets.parameters import Count
from bench.datasets.pictures import PEAK, SUFFIXES, Framing, picture_in, read_pictures
from bench.datasets.user_folder import DATA_DIR_VARIABLE, data_folder
from bench.errors import BenchError

LEAST = 3


def _check_relative(folder: str) -> str:
    path = PurePosixPath(folder)
    if path.is_absolute() or not path.parts or ".." in path.parts or folder.startswith("~"):
        raise PydanticCustomError(
            "folder",
            "the name of a folder below $BENCH_DATA_DIR (link the pictures there): it is part of a run's identity, "
            "which is the same on every machine",
        )
    return path.as_posix()


FolderName = Annotated[str, AfterValidator(_check_relative)]
Share = Annotated[float, Field(gt=0, lt=1)]


@register_dataset("images")
def images(
    folder: FolderName,
    size: Count = 64,
    crop: Count | None = None,
    validation: Share = 0.1,
    test: Share = 0.1,
) -> Dataset:
    """Pictures in a folder below $BENCH_DATA_DIR, and in its sub-folders; shape (3, size, size), grey (1, size, size).

    They are ordered by the SHA-256 of their pixels, as read, cut and scaled; the first of them are test, the next
    validation, the rest train. So splits, fingerprint and run ids depend on nothing but pixels, classes and the
    folder's name: not on names, formats or dates of files. Where every picture lies in a sub-folder, and there are
    several, these are classes in alphabetical order. See `bench.datasets.pictures` for how pictures are read. Another
    version of Pillow's libraries may decode a JPEG to other pixels: then it is another dataset.

    Args:
        folder: the folder, relative to $BENCH_DATA_DIR.
        size: height and width of the examples.
        crop: height and width of the square around the middle of a picture that is cut out and scaled; by default the
            largest that it has.
        validation: share of the pictures that choices are made on.
        test: share of the pictures that reported figures use.

    Raises:
        BenchError: if there are fewer than three pictures, one cannot be read, which is named, or they do not fit into
            memory.
    """
    paths = find_pictures(_locate(folder))
    pixels = read_pictures([picture_in(path) for path in paths], Framing(size, crop), "dataset 'images'")
    order, bounds = _order(pixels), _bounds(len(pixels), validation, test)
    parts = [order[low:high] for low, high in bounds]
    names = _class_names(paths, _locate(folder))
    labels = None if names is None else torch.tensor([sorted(set(names)).index(name) for name in names])
    return make_dataset("images", pixels, parts, labels)


def make_dataset(name: str, pixels: Tensor, parts: list[Tensor], labels: Tensor | None = None) -> Dataset:
    """A dataset of pictures in [0, 1].

    Args:
        name: name of the dataset.
        pixels: all of them, uint8, shape (n, channels, size, size).
        parts: which of them are train, validation and test, as indices.
        labels: their classes, int64, shape (n,), or None.
    """
    raw = [pixels[part] for part in parts]
    classes = [None, None, None] if labels is None else [labels[part] for part in parts]
    train, validation, test = (split.to(torch.float32).div_(PEAK) for split in raw)
    return Dataset(
        name=name,
        train=train,
        validation=validation,
        test=test,
        fingerprint=fingerprint(*raw, *(label for label in classes if label is not None)),
        train_labels=classes[0],
        validation_labels=classes[1],
        test_labels=classes[2],
        classes=None if labels is None else int(labels.max()) + 1,
    )


def find_pictures(folder: Path) -> list[Path]:
    """The pictures in a folder and below it, hidden ones left out, in the order of their names.

    Raises:
        BenchError: if there are fewer than three.
    """
    found = []
    for root, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(root) / name for name in names if name.lower().endswith(SUFFIXES) and name[0] != "."]
    if len(found) < LEAST:
        raise BenchError(
            f"dataset 'images': {folder} holds {len(found)} pictures; expected at least {LEAST}: files that end in "
            f"{', '.join(SUFFIXES)}"
        )
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _locate(folder: str) -> Path:
    root = data_folder()
    if root is None:
        raise BenchError(
            f"dataset 'images': {DATA_DIR_VARIABLE} is not set; set it to the folder that holds '{folder}'"
        )
    if not (root / folder).is_dir():
        raise BenchError(f"dataset 'images': there is no folder {root / folder}; put the pictures there, or a link")
    return root / folder


def _order(pixels: Tensor) -> Tensor:
    """Indices of the pictures in the order of their pixels' hashes: equal pictures come one after the other."""
    digests = [hashlib.sha256(picture.numpy().tobytes()).digest() for picture in pixels]
    return torch.tensor(sorted(range(len(digests)), key=digests.__getitem__))


def _bounds(count: int, validation: float, test: float) -> list[tuple[int, int]]:
    """From where to where train, validation and test go, each of one picture at least."""
    tests = max(1, round(test * count))
    choices = max(1, round(validation * count))
    if tests + choices >= count:
        raise BenchError(
            f"dataset 'images': validation and test take {choices} and {tests} of {count} pictures, which leaves none "
            "to train on; choose smaller shares"
        )
    return [(tests + choices, count), (tests, tests + choices), (0, tests)]


def _class_names(paths: list[Path], folder: Path) -> list[str] | None:
    """The sub-folder of each picture; None where one lies in the folder itself, or all in one sub-folder."""
    parts = [path.relative_to(folder).parts for path in paths]
    names = [part[0] for part in parts]
    return names if all(len(part) > 1 for part in parts) and len(set(names)) > 1 else None
