"""The shipped classifiers are the ones recorded, and as accurate as recorded."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import torch

from bench.datasets.base import load_dataset
from bench.errors import BenchError
from bench.metrics.classifier import (
    GreyClassifier,
    load_classifier,
    read_classifier,
    shipped,
    weights_folder,
    write_classifier,
)

CPU = torch.device("cpu")
NAMES = ["digits", "fashion-mnist", "mnist"]
REQUIRED = {"digits": 0.97, "fashion-mnist": 0.91, "mnist": 0.99}

needs_data = pytest.mark.skipif("BENCH_DATA_DIR" not in os.environ, reason="needs the files in BENCH_DATA_DIR")


def test_three_are_shipped() -> None:
    assert shipped() == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_hash_accuracy_and_size_are_those_on_record(name: str) -> None:
    record = weights_folder().joinpath("README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {name} \| ([\d.]+) \| [\d,]+ \| `([0-9a-f]{{64}})` \|$", record, re.MULTILINE)
    assert row is not None
    classifier = load_classifier(name, CPU)
    assert classifier.sha256 == row[2]
    assert float(classifier.metadata["test_accuracy"]) == float(row[1]) >= REQUIRED[name]
    assert len(weights_folder().joinpath(f"{name}.safetensors").read_bytes()) < 2_000_000
    assert 64 <= classifier.network.size <= 128


@pytest.mark.parametrize("name", ["digits", *(pytest.param(n, marks=needs_data) for n in NAMES[1:])])
def test_accuracy_is_what_the_header_says(name: str) -> None:
    """Rounding differs between machines: one image in ten thousand may change sides."""
    data, classifier = load_dataset(name), load_classifier(name, CPU)
    assert classifier.metadata["dataset_fingerprint"] == data.fingerprint
    assert data.test_labels is not None
    right = int((classifier.predict(data.test) == data.test_labels).sum())
    assert right / len(data.test) == pytest.approx(float(classifier.metadata["test_accuracy"]), abs=1.01e-4)


@pytest.mark.parametrize("name", NAMES)
def test_header_says_where_the_weights_come_from(name: str) -> None:
    metadata = load_classifier(name, CPU).metadata
    assert metadata["dataset"] == name
    assert metadata["command"].startswith(f"python -m bench.metrics.train_classifier {name} --seed ")
    assert metadata.keys() >= {"architecture", "dataset_fingerprint", "validation_accuracy", "seed", "torch", "recipe"}


def test_is_loaded_once() -> None:
    assert load_classifier("digits", CPU) is load_classifier("digits", CPU)


@pytest.mark.parametrize("side", [8, 12, 28, 32])
def test_shapes(side: int) -> None:
    network = GreyClassifier(side, classes=7, features=5).eval()
    images = torch.rand(3, 1, side, side)
    assert network.features(images).shape == (3, 5)
    assert network(images).shape == (3, 7)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    network = GreyClassifier(8, classes=3, features=6).eval()
    sha256 = write_classifier(tmp_path / "w.safetensors", network, {"dataset": "tiny"})
    assert write_classifier(tmp_path / "again.safetensors", network, {"dataset": "tiny"}) == sha256
    found = read_classifier(tmp_path / "w.safetensors", CPU)
    images = torch.rand(4, 1, 8, 8)
    torch.testing.assert_close(found.features(images), network.features(images).detach())
    assert (found.dataset, found.sha256) == ("tiny", sha256)
    assert not found.network.training


def test_refuses_what_it_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BenchError, match="no classifier is shipped for dataset 'faces'; there are some for digits"):
        load_classifier("faces", CPU)
    monkeypatch.setattr("bench.metrics.classifier.ARCHITECTURE", "another")
    write_classifier(tmp_path / "w.safetensors", GreyClassifier(8, 3), {"dataset": "tiny"})
    monkeypatch.undo()
    with pytest.raises(BenchError, match="weights of architecture another; expected grey-cnn-1"):
        read_classifier(tmp_path / "w.safetensors", CPU)
