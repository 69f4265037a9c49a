"""CelebA: 202,599 aligned photographs of faces, from the files that its publishers hand out."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO

import torch

from bench.datasets.base import Dataset, register_dataset
from bench.datasets.locate import locate
from bench.datasets.parameters import Count
from bench.datasets.picture_folder import make_dataset
from bench.datasets.pictures import Framing, Picture, picture_in, read_pictures
from bench.datasets.sources import RemoteFile, Source
from bench.errors import BenchError

PICTURES = 202_599
SPLITS = 3
_NAMED = 4
_FOLDER = "img_align_celeba"
_PARTITION = RemoteFile(
    "list_eval_partition.txt", other_names=("Eval/list_eval_partition.txt", "list_eval_partition.csv")
)

CELEBA = Source(
    name="celeba",
    title="CelebA",
    files=(RemoteFile(f"{_FOLDER}.zip", other_names=(f"Img/{_FOLDER}.zip",)), _PARTITION),
    mirrors=(),
    other_forms=((RemoteFile(_FOLDER, other_names=(f"Img/{_FOLDER}",), is_folder=True), _PARTITION),),
    also=f"{_FOLDER}, the folder in the zip file, in place of that",
    page="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (Align&Cropped Images, Eval; mind its terms of use)",
)


@register_dataset("celeba", source=CELEBA, shape=lambda parameters: (3, parameters["size"], parameters["size"]))
def celeba(size: Count = 64, crop: Count = 160, examples: Count | None = None) -> Dataset:
    """Faces (Liu et al. 2015), shape (3, size, size), split as published.

    There are 162,770 for training, 19,867 for validation and 19,962 for tests. Of the aligned pictures, 178 × 218, the
    middle 160 × 160 is cut out and scaled to 64 × 64, as in "Are GANs created equal?" (Lucic et al. 2018, compare_gan).
    Only the filter differs: Pillow's bilinear one, which averages, in place of TensorFlow's, which does not. At 64 × 64
    all of it takes 18 GB of memory while it is read, 10 after.

    It is not downloaded: its publishers hand it out for research on terms that a person has to read.

    Args:
        size: height and width of the examples.
        crop: height and width of the square around the middle that is cut out and scaled.
        examples: use only the first training examples, so many; all by default.

    Raises:
        BenchError: if files are missing or damaged, or do not fit into memory.
    """
    pictures_at, partition_at = locate(CELEBA)
    parts = _read_partition(partition_at)
    chosen = [name for part, names in enumerate(parts) for name in (names[:examples] if part == 0 else names)]
    pictures = _find(pictures_at, chosen)
    pixels = read_pictures(pictures, Framing(size, crop), "dataset 'celeba'")
    ends = [len(chosen) - len(parts[1]) - len(parts[2]), len(chosen) - len(parts[2])]
    return make_dataset("celeba", pixels, list(torch.arange(len(chosen)).tensor_split(ends)))


def _read_partition(path: Path) -> list[list[str]]:
    """Names of the pictures of train, validation and test: lines of a name and 0, 1 or 2, or the same as CSV."""
    expected = f"{PICTURES} lines such as '000001.jpg 0'"
    parts: list[list[str]] = [[] for _ in range(SPLITS)]
    try:
        lines = path.read_text("utf-8").replace(",", " ").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(path, f"a file that cannot be read ({error})", expected) from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words == ["image_id", "partition"]:
            continue
        if len(words) != 2 or words[1] not in ("0", "1", "2"):
            raise _refusal(path, f"line {number}: {line[:80]!r}", expected)
        parts[int(words[1])].append(words[0])
    names = [name for part in parts for name in part]
    if len(names) != PICTURES or len(set(names)) != PICTURES or not all(parts):
        counts = " + ".join(str(len(part)) for part in parts)
        raise _refusal(path, f"{counts} names, {len(set(names))} of them different", expected)
    return parts


def _find(place: Path, names: list[str]) -> list[Picture]:
    """The pictures of these names in the folder, or in the zip file.

    Raises:
        BenchError: if some are not there.
    """
    known = _in_folder(place) if place.is_dir() else _in_archive(place)
    lacking = [name for name in names if name not in known]
    if lacking:
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        found = f"no {', '.join(lacking[:_NAMED])}{more} in it"
        raise _refusal(place, found, "every picture that the partition names", "unpack img_align_celeba.zip again")
    return [known[name] for name in names]


def _in_folder(folder: Path) -> Mapping[str, Picture]:
    inner = folder / folder.name  # as Kaggle unpacks it
    return {path.name: picture_in(path) for path in (inner if inner.is_dir() else folder).iterdir()}


def _in_archive(path: Path) -> Mapping[str, Picture]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise _refusal(path, f"a file that is no whole zip archive ({error})", "img_align_celeba.zip") from error

    def picture(member: str) -> Picture:
        def read() -> IO[bytes]:
            return archive.open(member)

        return Picture(f"{path}: {member}", read)

    return {PurePosixPath(member).name: picture(member) for member in archive.namelist()}


def _refusal(
    path: Path, found: str, expected: str, remedy: str = "replace it with the file as published"
) -> BenchError:
    return BenchError(f"{path}: found {found}, expected {expected}; {remedy}")
