"""The training script: reproducible, blind to the test split, and leaving the global random state alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from bench.datasets.base import Dataset, load_dataset
from bench.errors import BenchError
from bench.metrics import train_classifier
from bench.metrics.classifier import read_classifier
from bench.metrics.train_classifier import Recipe, main, measure_accuracy, train

SHORT = Recipe(epochs=3, batch_size=50, shift=1, flip=True)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def test_learns_and_is_reproducible(digits: Dataset) -> None:
    blind = dataclasses.replace(digits, test=torch.zeros(0, 1, 8, 8), test_labels=None)
    before = torch.get_rng_state()
    network, validation = train(digits, Recipe(epochs=5, batch_size=50, shift=1), seed=1)
    torch.testing.assert_close(torch.get_rng_state(), before, rtol=0, atol=0)
    assert digits.test_labels is not None
    assert validation > 0.9
    assert measure_accuracy(network, digits.test, digits.test_labels) > 0.9
    again, same = train(blind, Recipe(epochs=5, batch_size=50, shift=1), seed=1)
    assert same == validation
    torch.testing.assert_close(again.state_dict(), network.state_dict())


def test_keeps_the_epoch_that_validates_best(digits: Dataset) -> None:
    network, validation = train(digits, SHORT, seed=0)
    assert digits.validation_labels is not None
    assert measure_accuracy(network, digits.validation, digits.validation_labels) == validation


def test_script_writes_a_file_with_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: Dataset) -> None:
    monkeypatch.setitem(train_classifier.RECIPES, "digits", SHORT)
    out = tmp_path / "digits.safetensors"
    main("digits", out=out, seed=3)
    found = read_classifier(out, torch.device("cpu"))
    assert digits.test_labels is not None
    assert found.metadata["dataset_fingerprint"] == digits.fingerprint
    assert float(found.metadata["test_accuracy"]) == measure_accuracy(found.network, digits.test, digits.test_labels)
    assert (found.metadata["seed"], found.metadata["recipe"]) == ("3", repr(SHORT))


def test_refuses_data_without_labels_or_recipe(points: Dataset) -> None:
    with pytest.raises(BenchError, match="'points' has no labels"):
        train(points, SHORT, seed=0)
    with pytest.raises(BenchError, match="no recipe for dataset 'faces'; expected one of digits"):
        main("faces")
