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
    ChannelClassifier,
    GreyClassifier,
    ShippedClassifier,
    find_classifier,
    list_classified_datasets,
    list_shipped_datasets,
    load_classifier,
    locate_weights_folder,
    read_classifier,
    write_classifier,
)

CPU = torch.device("cpu")
NAMES = ["digits", "fashion-mnist", "mnist"]
REQUIRED = {"digits": 0.97, "fashion-mnist": 0.91, "mnist": 0.99}

needs_data = pytest.mark.skipif("BENCH_DATA_DIR" not in os.environ, reason="needs the files in BENCH_DATA_DIR")


def test_three_are_shipped() -> None:
    assert list_shipped_datasets() == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_hash_accuracy_and_size_are_those_on_record(name: str) -> None:
    record = locate_weights_folder().joinpath("README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {name} \| ([\d.]+) \| [\d,]+ \| `([0-9a-f]{{64}})` \|$", record, re.MULTILINE)
    assert row is not None
    classifier = load_classifier(name, CPU)
    assert classifier.sha256 == row[2]
    assert float(classifier.metadata["test_accuracy"]) == float(row[1]) >= REQUIRED[name]
    assert len(locate_weights_folder().joinpath(f"{name}.safetensors").read_bytes()) < 2_000_000
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


def test_reading_leaves_the_global_random_state_alone(tmp_path: Path) -> None:
    write_classifier(tmp_path / "w.safetensors", GreyClassifier(8, classes=3, features=6), {"dataset": "tiny"})
    before = torch.get_rng_state()
    read_classifier(tmp_path / "w.safetensors", CPU)
    torch.testing.assert_close(torch.get_rng_state(), before, rtol=0, atol=0)


def test_refuses_what_it_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BenchError, match="no classifier is shipped for dataset 'faces'; there are some for digits"):
        load_classifier("faces", CPU)
    monkeypatch.setattr("bench.metrics.classifier.ARCHITECTURE", "another")
    write_classifier(tmp_path / "w.safetensors", GreyClassifier(8, 3), {"dataset": "tiny"})
    monkeypatch.undo()
    with pytest.raises(BenchError, match="weights of architecture another; expected grey-cnn-1"):
        read_classifier(tmp_path / "w.safetensors", CPU)


def tiny(classes: int = 3) -> ShippedClassifier:
    """An untrained classifier of 8 × 8 images."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = GreyClassifier(8, classes=classes, features=6)
        for parameter in network.parameters():
            parameter.data.normal_()
    return ShippedClassifier("tiny", network.eval().requires_grad_(False), "hash", {})


def test_every_channel_is_told_on_its_own() -> None:
    """Features one after another; classes as digits of a number, to the base of the grey classes."""
    grey, images = tiny(), torch.rand(50, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    both = ChannelClassifier(grey, 2)
    assert (both.size, both.classes, both.sha256) == (12, 9, "hash")
    first, second = images[:, :1].contiguous(), images[:, 1:].contiguous()
    torch.testing.assert_close(both.features(images)[:, :6], grey.features(first))
    torch.testing.assert_close(both.features(images)[:, 6:], grey.features(second))
    expected = [3 * a + b for a, b in zip(grey.predict(first).tolist(), grey.predict(second).tolist(), strict=True)]
    assert both.predict(images).tolist() == expected
    assert len(set(expected)) > 3


@pytest.mark.parametrize("shape", [(4, 1, 8, 8), (4, 3, 8, 8), (4, 2, 8, 9), (4, 2, 64), (2, 8, 8)])
def test_other_channels_are_refused(shape: tuple[int, ...]) -> None:
    both = ChannelClassifier(tiny(), 2)
    for function in (both.features, both.predict):
        with pytest.raises(BenchError, match=r"expected \(n, 2, 8, 8\), each channel as tiny has it"):
            function(torch.zeros(shape))


def test_precision_of_images_is_float32() -> None:
    images = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(tiny().features(images.double()), tiny().features(images), rtol=0, atol=0)


def test_who_has_a_classifier() -> None:
    assert list_classified_datasets() == {*NAMES, "stacked-mnist"}
    assert find_classifier("digits", CPU) is load_classifier("digits", CPU)
    stacked = find_classifier("stacked-mnist", CPU)
    assert (stacked.size, stacked.classes) == (3 * 64, 1000)
    assert stacked.sha256 == load_classifier("mnist", CPU).sha256
    with pytest.raises(BenchError, match="no classifier is shipped for dataset 'faces'"):
        find_classifier("faces", CPU)
