"""Layouts of the user's folder: which are taken, in which order, and what is said of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.datasets.locate import locate, missing_files
from bench.datasets.sources import RemoteFile, Source
from bench.datasets.user_folder import DATA_DIR_VARIABLE, find_given_files
from bench.errors import BenchError

from .conftest import Storage

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
SOURCE = Source(
    "fashion-mnist",
    tuple(RemoteFile(f"{name}.gz", "0" * 64, other_names=(f"{name.replace('-idx', '.idx')}.gz",)) for name in NAMES),
    ("http://127.0.0.1:9/",),
)
DOTTED = tuple(name.replace("-idx", ".idx") for name in NAMES)


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"mine")
    return folder


def found(root: Path) -> list[str]:
    """What is taken, relative to the root."""
    return [str(path.relative_to(root)) for path in locate(SOURCE)]


@pytest.mark.parametrize(
    "folder",
    ["fashion-mnist", "fashion_mnist", "FashionMNIST", "Fashion-MNIST", "FASHION MNIST", "FashionMNIST/raw",
     "fashion-mnist/raw"],
)  # fmt: skip
def test_spellings_of_the_folder(storage: Storage, folder: str) -> None:
    write(storage.given / folder, *NAMES)
    assert found(storage.given) == [f"{folder}/{name}" for name in NAMES]
    assert missing_files(SOURCE) == ()


@pytest.mark.parametrize(
    "names",
    [
        tuple(f"{name}.gz" for name in NAMES),
        NAMES,
        DOTTED,
        tuple(f"{name}.gz" for name in DOTTED),
        tuple(f"{name}/{name}" for name in NAMES),
        tuple(f"{name}/{name}" for name in DOTTED),
        tuple(f"{folder}/{name}" for folder, name in zip(NAMES, DOTTED, strict=True)),
        (f"{NAMES[0]}.gz", f"{NAMES[1]}/{NAMES[1]}"),
    ],
)
def test_names_of_files(storage: Storage, names: tuple[str, ...]) -> None:
    write(storage.given / "fashion-mnist", *names)
    assert found(storage.given) == [f"fashion-mnist/{name}" for name in names]


def test_published_name_is_preferred(storage: Storage) -> None:
    packed = [f"{name}.gz" for name in NAMES]
    write(storage.given / "fashion-mnist", *DOTTED, *NAMES, *packed, *(f"{name}s/{name}" for name in NAMES))
    assert found(storage.given) == [f"fashion-mnist/{name}" for name in packed]


@pytest.mark.parametrize("folder", ["fashion-mnist", "FashionMNIST", "FashionMNIST/raw"])
def test_root_may_be_the_folder_itself(storage: Storage, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    root = write(storage.given / folder, *NAMES)
    monkeypatch.setenv(DATA_DIR_VARIABLE, f"{root}/")
    assert found(root) == list(NAMES)
    monkeypatch.chdir(root)
    monkeypatch.setenv(DATA_DIR_VARIABLE, ".")
    assert [path.name for path in locate(SOURCE)] == list(NAMES)


def test_root_of_another_name_is_not_the_folder(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of MNIST have the same names: a root called mnist has nothing for fashion-mnist."""
    root = write(storage.given / "mnist", *NAMES)
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(root))
    assert find_given_files(SOURCE) is None
    with pytest.raises(BenchError, match=rf"found: +{', '.join(NAMES)} in {root} itself, not taken"):
        locate(SOURCE)


def test_other_forms_in_the_root_itself_are_named(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(storage.given / "FashionMNIST", "train.csv", "README.md")
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(root))
    with pytest.raises(BenchError, match=rf"found: +train.csv in {root} itself, not taken\n"):
        locate(SOURCE)


def test_order_of_folders(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that has all files; removing one after the other shows the order."""
    root = write(storage.given / "fashion-mnist", *NAMES)
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(root))
    order = ["fashion-mnist", "fashion-mnist/raw", "FashionMNIST", "FashionMNIST/raw", "fashion_mnist", "."]
    for folder in order:
        write(root / folder, *NAMES)
    for folder in order:
        assert [path.parent for path in locate(SOURCE)] == [root / folder] * 2
        (root / folder / NAMES[1]).unlink()
    with pytest.raises(BenchError, match=rf"{root}/fashion-mnist lacks {NAMES[1]}.gz"):
        locate(SOURCE)


def test_files_are_never_put_together_from_two_folders(storage: Storage) -> None:
    write(storage.given / "fashion-mnist", NAMES[0])
    write(storage.given / "FashionMNIST" / "raw", NAMES[1])
    for look in (locate, missing_files):
        with pytest.raises(BenchError, match=rf"given/fashion-mnist lacks {NAMES[1]}\.gz; put the missing files"):
            look(SOURCE)


def test_half_a_folder_says_what_lies_there_instead(storage: Storage) -> None:
    write(storage.given / "fashion-mnist", NAMES[0], f"{NAMES[1]}.zip", "README.md")
    with pytest.raises(BenchError, match=rf"lacks {NAMES[1]}\.gz \(it has {NAMES[1]}\.zip\); put the missing files"):
        locate(SOURCE)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["fashion-mnist_test.csv", "fashion-mnist_train.csv"], "fashion-mnist_test.csv, fashion-mnist_train.csv"),
        (["fashion_mnist/train-00000-of-00001.parquet"], "fashion_mnist/train-00000-of-00001.parquet"),
        (["archive.zip"], "archive.zip"),
        (["train-images-idx3-ubyte (1).gz"], r"train-images-idx3-ubyte \(1\).gz"),
        ([f"train/0/{i}.png" for i in range(9)], "train/0/0.png, .*train/0/3.png, and 5 more"),
        (["processed/training.pt"], "processed/training.pt"),
    ],
)
def test_other_forms_are_named(storage: Storage, names: list[str], told: str) -> None:
    folder = write(storage.given / "FashionMNIST", *names)
    for look in (locate, missing_files):
        with pytest.raises(BenchError, match=rf"(?s)dataset 'fashion-mnist': {folder} .*found: +{told}\n") as refusal:
            look(SOURCE)
        assert f"expected:    {NAMES[0]}.gz, {NAMES[1]}.gz, gzipped or unpacked\n" in str(refusal.value)
        assert "http://127.0.0.1:9/" in str(refusal.value)


def test_folder_without_data_is_passed_over(storage: Storage) -> None:
    write(storage.given / "fashion-mnist", "README.md", ".DS_Store")
    write(storage.given / "FashionMNIST-old", *NAMES)
    write(storage.given, "fashionmnist")
    assert find_given_files(SOURCE) is None


def test_folder_that_may_not_be_read_is_named(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    write(storage.given / "fashion-mnist", *NAMES)
    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(BenchError, match=r"dataset 'fashion-mnist': .*train-images-idx3-ubyte\.gz cannot be read"):
        locate(SOURCE)
