"""MNIST and Fashion-MNIST: splits over made-up files, and the published files where the user has them."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.datasets import Dataset, ParameterError, check_parameters, fetch, load_dataset, locate
from bench.datasets.mnist import FASHION_MNIST, MNIST
from bench.datasets.sources import Source
from bench.datasets.user_folder import DATA_DIR_VARIABLE
from bench.errors import BenchError

from .conftest import Storage

Bytes = NDArray[np.uint8]
SOURCES = {source.name: source for source in (MNIST, FASHION_MNIST)}
# mean and standard deviation of the 60,000 published training images over all pixels, as used everywhere to normalise
MOMENTS = {"mnist": (0.1307, 0.3081), "fashion-mnist": (0.2860, 0.3530)}


def _write(path: Path, array: Bytes) -> None:
    header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.tobytes())


def _made_up(n: int) -> tuple[Bytes, Bytes]:
    """Images whose first two pixels spell their number, and labels."""
    images = np.zeros((n, 28, 28), dtype=np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.arange(n) // 256, np.arange(n) % 256
    return images, (np.arange(n) % 10).astype(np.uint8)


@pytest.fixture
def made_up(storage: Storage) -> Path:
    """Files of the right form in the user's folder, one of them gzipped."""
    folder = storage.given / "mnist"
    folder.mkdir(parents=True)
    for prefix, n in (("train", 60_000), ("t10k", 10_000)):
        images, labels = _made_up(n)
        _write(folder / f"{prefix}-images-idx3-ubyte", images)
        _write(folder / f"{prefix}-labels-idx1-ubyte", labels)
    plain = folder / "t10k-labels-idx1-ubyte"
    plain.with_suffix(".gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    return folder


def _numbers(images: torch.Tensor) -> torch.Tensor:
    corner = images[:, 0, 0, :2].mul(255).round().long()
    return corner[:, 0] * 256 + corner[:, 1]


def test_splits(made_up: Path) -> None:
    data = load_dataset("mnist")
    assert fetch("mnist") == made_up
    assert data.shape == (1, 28, 28)
    assert data.train.dtype == torch.float32
    assert data.classes == 10
    assert torch.equal(_numbers(data.train), torch.arange(50_000))
    assert torch.equal(_numbers(data.validation), torch.arange(50_000, 60_000))
    assert torch.equal(_numbers(data.test), torch.arange(10_000))
    for split, labels in (
        ("train", data.train_labels),
        ("validation", data.validation_labels),
        ("test", data.test_labels),
    ):
        assert labels is not None
        assert labels.dtype == torch.int64
        assert torch.equal(labels, _numbers(getattr(data, split)) % 10)


def test_size_takes_the_first_training_examples(made_up: Path) -> None:
    data = load_dataset("mnist", size=7)
    assert torch.equal(_numbers(data.train), torch.arange(7))
    assert len(data.validation) == len(data.test) == 10_000
    assert data.train_labels is not None
    assert data.train_labels.tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_loading_again_reads_only_what_has_changed(made_up: Path) -> None:
    before = load_dataset("mnist", size=1)
    assert load_dataset("mnist", size=1) is before
    images, _ = _made_up(10_000)
    images[17, 27, 27] = 255
    _write(made_up / "t10k-images-idx3-ubyte", images)
    after = load_dataset("mnist", size=1)
    assert [data.test[17, 0, 27, 27].item() for data in (before, after)] == [0, 1]
    assert before.fingerprint != after.fingerprint


def test_too_large_labels_are_refused(made_up: Path) -> None:
    _write(made_up / "train-labels-idx1-ubyte", np.full(60_000, 10, dtype=np.uint8))
    with pytest.raises(BenchError, match=r"train-labels-idx1-ubyte: found label 10, expected labels from 0 to 9"):
        load_dataset("mnist")


def test_swapped_files_are_refused(made_up: Path) -> None:
    (made_up / "train-images-idx3-ubyte").write_bytes((made_up / "t10k-images-idx3-ubyte").read_bytes())
    with pytest.raises(BenchError, match=r"found an array of 10000 x 28 x 28, expected an array of 60000 x 28 x 28"):
        load_dataset("mnist")


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("size", [0, 50_001, "all", 1.0])
def test_size_is_checked(name: str, size: object) -> None:
    with pytest.raises(ParameterError, match=f"dataset '{name}': parameter 'size'"):
        check_parameters(name, {"size": size})


@pytest.fixture(params=SOURCES)
def published(request: pytest.FixtureRequest) -> tuple[Source, Dataset]:
    source = SOURCES[request.param]
    root = os.environ.get(DATA_DIR_VARIABLE)
    if not root or not (Path(root) / source.name).is_dir():
        pytest.skip(f"needs the published files in ${DATA_DIR_VARIABLE}/{source.name}")
    return source, load_dataset(source.name)


def test_published_files(published: tuple[Source, Dataset]) -> None:
    source, data = published
    for file, path in zip(source.files, locate(source), strict=True):
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() in file.checksums
        if path.name == file.name:
            assert file.checksums == {
                hashlib.sha256(content).hexdigest(): file.name,
                hashlib.sha256(gzip.decompress(content)).hexdigest(): file.name.removesuffix(".gz"),
            }
    grey = torch.cat([data.train, data.validation]).double()
    mean, std = MOMENTS[source.name]
    assert grey.mean().item() == pytest.approx(mean, abs=5e-5)
    assert grey.std().item() == pytest.approx(std, abs=5e-5)
    assert [len(data.train), len(data.validation), len(data.test)] == [50_000, 10_000, 10_000]
    for labels in (data.train_labels, data.validation_labels, data.test_labels):
        assert labels is not None
        assert torch.bincount(labels, minlength=10).min() > 0.08 * len(labels)


@pytest.mark.parametrize("folder", ["MNIST/raw", "mnist/raw", "Mnist"])
def test_layouts_of_the_published_files(storage: Storage, real: Path, folder: str) -> None:
    (storage.given / folder).parent.mkdir(parents=True)
    (storage.given / folder).symlink_to(real / "mnist")
    assert fetch("mnist") == storage.given / folder
    assert load_dataset("mnist", size=3).shape == (1, 28, 28)


@pytest.mark.parametrize("nested", [False, True])
def test_unpacked_as_kaggle_names_them(storage: Storage, real: Path, nested: bool) -> None:
    for file in MNIST.files:
        name = file.name.removesuffix(".gz").replace("-idx", ".idx")
        path = storage.given / "mnist" / name / name if nested else storage.given / "mnist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.decompress((real / "mnist" / file.name).read_bytes()))
    assert fetch("mnist") == storage.given / "mnist"
    assert load_dataset("mnist", size=3).shape == (1, 28, 28)


@pytest.mark.parametrize("form", ["published", "unpacked", "packed again"])
def test_fashion_mnist_in_the_folder_of_mnist_is_refused(storage: Storage, real: Path, form: str) -> None:
    (storage.given / "mnist").mkdir(parents=True)
    for file in FASHION_MNIST.files:
        content = (real / "fashion-mnist" / file.name).read_bytes()
        if form == "unpacked":
            (storage.given / "mnist" / file.name.removesuffix(".gz")).write_bytes(gzip.decompress(content))
            continue
        again = gzip.compress(gzip.decompress(content), compresslevel=1)
        (storage.given / "mnist" / file.name).write_bytes(content if form == "published" else again)
    with pytest.raises(BenchError) as refusal:
        load_dataset("mnist", size=3)
    ending = ".gz" if form == "published" else ""
    message = str(refusal.value)
    assert f"found Fashion-MNIST's train-images-idx3-ubyte{ending}, expected MNIST's train-images-idx3-ubyte" in message
    assert message.count("found Fashion-MNIST's") == 4
    assert "Fashion-MNIST's belong into a folder 'fashion-mnist' beside it" in message


def test_swapped_published_files_are_named(storage: Storage, real: Path) -> None:
    (storage.given / "mnist").mkdir(parents=True)
    swapped = {"train-images-idx3-ubyte.gz": "t10k-images-idx3-ubyte.gz"}
    for name in (file.name for file in MNIST.files):
        (storage.given / "mnist" / name).symlink_to(real / "mnist" / swapped.get(name, name))
    with pytest.raises(BenchError, match=r"found MNIST's t10k-images-idx3-ubyte\.gz, expected MNIST's train-images"):
        load_dataset("mnist")
