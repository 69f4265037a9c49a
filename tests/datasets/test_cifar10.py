"""CIFAR-10 in every form that it is handed on in, small ones made here; what is wrong with files is one error."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.datasets import (
    Dataset,
    ParameterError,
    check_parameters,
    cifar,
    fetch,
    fingerprint,
    load_dataset,
    locate,
    missing_files,
)
from bench.datasets.cifar import BATCHES, CIFAR10
from bench.datasets.downloads import OFFLINE_VARIABLE
from bench.datasets.restricted_pickle import read_pickle
from bench.datasets.user_folder import DATA_DIR_VARIABLE
from bench.errors import BenchError

from .conftest import Storage

BATCH, TRAIN = 12, 50  # of six batches: 50 training, 10 validation and 12 test images
Bytes = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar, "BATCH", BATCH)
    monkeypatch.setattr(cifar, "TRAIN", TRAIN)


def records() -> dict[str, tuple[Bytes, Bytes]]:
    """Images (12, 3072) and labels of each batch; the first red pixel of an image is its number."""
    rng = np.random.default_rng(0)
    batches = {}
    for place, name in enumerate(BATCHES):
        images = rng.integers(0, 256, (BATCH, 3072), dtype=np.uint8)
        images[:, 0] = np.arange(BATCH) + BATCH * place
        batches[name] = (images, (images[:, 0] % 10).astype(np.uint8))
    return batches


def as_binary(images: Bytes, labels: Bytes) -> bytes:
    return np.concatenate([labels[:, None], images], 1).tobytes()


def as_python_2(images: Bytes, labels: Bytes) -> bytes:
    """What cPickle of Python 2 wrote: texts are byte strings, as is the array's memory."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value

    def number(value: int) -> bytes:
        return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)

    kind = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|") + b"NNN"
    kind += b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85" + text(b"b") + b"tR"
    state = (
        b"(K\x01" + number(len(images)) + number(images.shape[1]) + b"\x86" + kind + b"\x89" + text(images.tobytes())
    )
    listed = b"](" + b"".join(map(number, labels.tolist())) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + state + b"tb" + text(b"labels") + listed + b"u."


def as_python_3(images: Bytes, labels: Bytes) -> bytes:
    return pickle.dumps({"data": images, "labels": labels.tolist(), "batch_label": "made up"}, protocol=2)


FORMS: Mapping[str, tuple[str, str, Callable[[Bytes, Bytes], bytes]]] = {
    "binary": ("cifar-10-batches-bin", ".bin", as_binary),
    "python": ("cifar-10-batches-py", "", as_python_2),
    "python 3": ("cifar-10-batches-py", "", as_python_3),
}


def contents(form: str) -> dict[str, bytes]:
    """Files by their path in the archive."""
    folder, suffix, write = FORMS[form]
    return {f"{folder}/{name}{suffix}": write(*batch) for name, batch in records().items()}


def write_archive(path: Path, files: Mapping[str, bytes], mode: str = "w:gz") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in {"./readme.html": b"<html>", **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def write_files(folder: Path, files: Mapping[str, bytes], *, flat: bool = False) -> None:
    for name, content in files.items():
        path = folder / (Path(name).name if flat else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "binary archive": lambda root: write_archive(root / "cifar10/cifar-10-binary.tar.gz", contents("binary")),
    "unzipped archive": lambda root: write_archive(root / "cifar10/cifar-10-binary.tar", contents("binary"), "w"),
    "python archive": lambda root: write_archive(root / "cifar-10/cifar-10-python.tar.gz", contents("python")),
    "unpacked below": lambda root: write_files(root / "CIFAR10", contents("binary")),
    "unpacked beside": lambda root: write_files(root, contents("python")),
    "unpacked flat": lambda root: write_files(root / "CIFAR-10/raw", contents("python"), flat=True),
    "pickled anew": lambda root: write_files(root / "cifar_10", contents("python 3")),
}


def numbers(images: torch.Tensor) -> list[int]:
    found: list[int] = images[:, 0, 0, 0].mul(255).round().long().tolist()
    return found


def expected_fingerprint() -> str:
    """Of the raw pixels and labels, as other labelled images have it."""
    images, labels = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*records().values(), strict=True))
    images = images.reshape(-1, 3, 32, 32)
    splits = (slice(50), slice(50, 60), slice(60, None))
    return fingerprint(*(images[split] for split in splits), *(labels[split] for split in splits))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_form_gives_the_same_examples(storage: Storage, layout: str) -> None:
    LAYOUTS[layout](storage.given)
    assert missing_files(CIFAR10) == ()
    data = load_dataset("cifar10")
    assert data.shape == (3, 32, 32)
    assert data.classes == 10
    assert numbers(data.train) == list(range(50))
    assert numbers(data.validation) == list(range(50, 60))
    assert numbers(data.test) == list(range(60, 72))
    for split, labels in ((data.train, data.train_labels), (data.test, data.test_labels)):
        assert labels is not None
        assert labels.tolist() == [number % 10 for number in numbers(split)]
    whole = records()["data_batch_2"][0]
    expected = torch.from_numpy(whole[3].reshape(3, 32, 32)).float() / 255  # red, green, blue planes, row by row
    assert data.train[BATCH + 3].equal(expected)
    assert data.fingerprint == expected_fingerprint()


def test_size_takes_the_first_training_examples(storage: Storage) -> None:
    LAYOUTS["binary archive"](storage.given)
    data = load_dataset("cifar10", size=7)
    assert numbers(data.train) == list(range(7))
    assert (len(data.validation), len(data.test)) == (10, 12)


@pytest.mark.parametrize("size", [0, 45_001, "all"])
def test_size_is_checked(size: object) -> None:
    with pytest.raises(ParameterError, match="dataset 'cifar10': parameter 'size'"):
        check_parameters("cifar10", {"size": size})


def refusal() -> str:
    with pytest.raises(BenchError) as caught:
        load_dataset("cifar10")
    return str(caught.value)


def test_a_missing_batch_is_named(storage: Storage) -> None:
    files = contents("python")
    del files["cifar-10-batches-py/data_batch_3"]
    write_files(storage.given / "cifar10", files)
    assert f"dataset 'cifar10': {storage.given}/cifar10 lacks data_batch_3; put the missing files there" in refusal()


def test_an_archive_without_a_batch(storage: Storage) -> None:
    files = contents("binary")
    del files["cifar-10-batches-bin/test_batch.bin"]
    write_archive(storage.given / "cifar10/cifar-10-binary.tar.gz", files)
    assert "cifar-10-binary.tar.gz: found no test_batch in it, expected the five data batches" in refusal()


def test_a_truncated_archive(storage: Storage) -> None:
    path = storage.given / "cifar10/cifar-10-binary.tar.gz"
    write_archive(path, contents("binary"))
    path.write_bytes(path.read_bytes()[:-20_000])
    assert "cifar-10-binary.tar.gz: found a file that is no whole archive" in refusal()


def test_a_page_in_the_place_of_the_archive(storage: Storage) -> None:
    write_files(storage.given / "cifar10", {"cifar-10-binary.tar.gz": b"<!DOCTYPE html><html>"})
    assert "cifar-10-binary.tar.gz: found an HTML page" in refusal()


@pytest.mark.parametrize(
    ("form", "name", "damage", "message"),
    [
        ("binary", "data_batch_1.bin", lambda c: c[:-1], "found 36875 bytes, expected 36876: 12 records of 3073"),
        ("binary", "data_batch_1.bin", lambda c: b"\x0a" + c[1:], "found label 10, expected labels from 0 to 9"),
        ("python", "test_batch", lambda c: c[:-9], "found a file that is no pickle ("),
        ("python", "test_batch", lambda c: b"letters", "found a file that is no pickle ("),
        ("python", "test_batch", lambda _: pickle.dumps([1], 2), "found a pickled list, expected a dictionary"),
        ("python", "test_batch", lambda _: pickle.dumps({"data": 1}, 2), "found a pickled dictionary of other values"),
        (
            "python",
            "test_batch",
            lambda _: as_python_3(np.zeros((BATCH, 3072), np.uint8), np.full(BATCH, 256)),  # no label 0
            "found label 256, expected labels from 0 to 9",
        ),
    ],
)
def test_damaged_batches(
    storage: Storage, form: str, name: str, damage: Callable[[bytes], bytes], message: str
) -> None:
    write_files(storage.given / "cifar10", contents(form))
    path = next((storage.given / "cifar10").rglob(name))
    path.write_bytes(damage(path.read_bytes()))
    assert message in refusal()
    assert refusal().startswith(f"{path}: found")
    assert refusal().endswith("replace it with the file as published")


class Harmful:
    """Its pickle makes a folder when it is read as pickles are."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, ("harm",)


def test_pickles_run_nothing(storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(storage.given / "cifar10", contents("python"))
    path = storage.given / "cifar10/cifar-10-batches-py/test_batch"
    path.write_bytes(pickle.dumps({"data": Harmful()}, protocol=2))
    assert f"{path}: found a pickle that names posix.mkdir, expected a dictionary" in refusal()
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("value", [eval, print, np.save, np.load, Dataset, Path("x"), np.random.default_rng(0)])
def test_other_names_in_pickles_are_refused(value: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="a pickle that names"):
        read_pickle(pickle.dumps([value], protocol=2))


def test_bytes_are_encoded_in_no_other_way() -> None:
    call = b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R."
    with pytest.raises(pickle.UnpicklingError, match="bytes in rot13"):
        read_pickle(call)


def test_missing_files_are_one_error(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFFLINE_VARIABLE, "1")
    message = refusal()
    assert "  missing:     cifar-10-binary.tar.gz\n" in message
    assert "  get them at: https://www.cs.toronto.edu/~kriz/ or https://cave" in message
    assert f"  put all of cifar-10-binary.tar.gz into {storage.given}/cifar10 (gzipped or unpacked)\n" in message
    assert message.endswith("  or instead:  cifar-10-python.tar.gz, or what is in either: "
                            "cifar-10-batches-bin or cifar-10-batches-py")  # fmt: skip


def test_other_forms_are_named(storage: Storage) -> None:
    write_files(storage.given / "cifar10", {"train.7z": b""})
    message = refusal()
    assert "  found:       train.7z\n" in message
    assert "  expected:    cifar-10-binary.tar.gz, gzipped or unpacked, or cifar-10-python.tar.gz, or what" in message


def test_fetch_names_the_folder(storage: Storage) -> None:
    LAYOUTS["unpacked below"](storage.given)
    assert fetch("cifar10") == storage.given / "CIFAR10/cifar-10-batches-bin"
    assert [path.name for path in locate(CIFAR10)] == [f"{name}.bin" for name in BATCHES]


def test_published_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Means of the training images' channels, as everybody normalises by them."""
    if os.environ.get(DATA_DIR_VARIABLE) is None or missing_files(CIFAR10):
        pytest.skip(f"needs the published files in ${DATA_DIR_VARIABLE}/cifar10")
    monkeypatch.setattr(cifar, "BATCH", 10_000)
    monkeypatch.setattr(cifar, "TRAIN", 45_000)
    data = load_dataset("cifar10")
    mean = torch.cat([data.train, data.validation]).mean((0, 2, 3), dtype=torch.float64)
    assert mean.tolist() == pytest.approx([0.4914, 0.4822, 0.4465], abs=5e-5)
    assert [len(data.train), len(data.validation), len(data.test)] == [45_000, 5_000, 10_000]
