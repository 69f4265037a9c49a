"""Extractors: chosen by dataset, the same for an example whatever stands beside it, cached where data is real."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from bench.datasets.base import Dataset, load_dataset
from bench.errors import BenchError
from bench.metrics import EXTRACTORS, Extractor, extractor_for, module_extractor, register_extractor
from bench.metrics.features import extractors
from bench.metrics.features.extractors import reference_subset, split_features


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registrations of a test end with it."""
    monkeypatch.setattr(EXTRACTORS, "_entries", dict(EXTRACTORS._entries))
    monkeypatch.setattr(EXTRACTORS, "_origins", dict(EXTRACTORS._origins))


def chosen(data: Dataset) -> Extractor:
    extractor = extractor_for(data)
    assert extractor is not None
    return extractor


def unknown_images() -> Dataset:
    splits = torch.rand(3, 4, 3, 8, 8)
    return Dataset("faces", *splits, "0" * 64)


def test_points_are_their_own_features(points: Dataset) -> None:
    identity = chosen(points)
    assert identity.name == "identity"
    torch.testing.assert_close(identity(points.test), points.test, rtol=0, atol=0)


def test_images_use_their_classifier(digits: Dataset) -> None:
    extractor = chosen(digits)
    assert extractor.name == "digits-classifier"
    assert extractor.label == f"digits-classifier@{extractor.sha256[:12]}"
    assert extractor(digits.test[:30]).shape == (30, extractor.size)
    assert extractor_for(dataclasses.replace(digits)) is extractor


def test_other_images_have_no_extractor() -> None:
    assert extractor_for(unknown_images()) is None


def test_features_do_not_depend_on_the_neighbours(digits: Dataset) -> None:
    """Up to float32 rounding, which the batch size changes."""
    extractor = chosen(digits)
    together = extractor(digits.test[:64])
    alone = torch.cat([extractor(image.unsqueeze(0)) for image in digits.test[:64]])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)
    strange = torch.cat([digits.test[:1], 100 * torch.ones(63, 1, 8, 8)])
    torch.testing.assert_close(extractor(strange)[0], together[0], rtol=1e-5, atol=1e-5)


def test_chunks_change_nothing_and_gradients_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = module_extractor("linear", nn.Linear(4, 3), 3)
    x = torch.randn(25, 4, generator=torch.Generator().manual_seed(0))
    whole = extractor(x)
    assert not whole.requires_grad
    monkeypatch.setattr(extractors, "CHUNK", 7)
    torch.testing.assert_close(extractor(x), whole)


def test_a_module_is_evaluated_without_dropout_and_hashed_by_its_weights() -> None:
    network = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5))
    x = torch.ones(10, 4)
    before = module_extractor("mine", network, 3)
    torch.testing.assert_close(before(x), before(x), rtol=0, atol=0)
    assert before.sha256 == module_extractor("mine", network, 3).sha256
    with torch.no_grad():
        network[0].bias += 1
    assert before.sha256 != module_extractor("mine", network, 3).sha256


@pytest.mark.usefixtures("own_registry")
def test_a_registered_network_comes_first(points: Dataset) -> None:
    @register_extractor("mine", size=5, datasets=("faces", "points"))
    def mine() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.AdaptiveAvgPool1d(5))

    assert chosen(points).name == chosen(unknown_images()).name == "mine"
    assert chosen(points)(points.test).shape == (300, 5)
    assert chosen(dataclasses.replace(points, name="other")).name == "identity"


def test_features_of_the_test_split_are_computed_once(points: Dataset) -> None:
    calls: list[int] = []

    def embed(x: Tensor) -> Tensor:
        calls.append(len(x))
        return x

    one, other = Extractor("one", "hash of one", embed), Extractor("other", "hash of other", embed)
    first = split_features(points, one)
    assert split_features(dataclasses.replace(points), one) is first
    assert calls == [300]
    split_features(points, other)
    split_features(dataclasses.replace(points, fingerprint="another"), one)
    assert calls == [300] * 3


def test_reference_subset_is_fixed_and_spread() -> None:
    assert reference_subset(10, 10).tolist() == reference_subset(10, 12).tolist() == list(range(10))
    chosen_of_sorted = reference_subset(10_000, 2000)
    torch.testing.assert_close(chosen_of_sorted, reference_subset(10_000, 2000))
    assert len(chosen_of_sorted.unique()) == 2000
    # Ten classes in a row, or in turn: 200 of each expected, standard deviation 12.
    for classes in (chosen_of_sorted // 1000, chosen_of_sorted % 10):
        assert (torch.bincount(classes) - 200).abs().max() < 60


def test_refuses_bad_examples_and_features(points: Dataset) -> None:
    with pytest.raises(BenchError, match="examples: 2 of 2 values are NaN"):
        chosen(points)(torch.full((1, 2), float("nan")))
    wrong = Extractor("wrong", "hash", lambda x: x[:, 0], 1)
    with pytest.raises(BenchError, match="features of shape \\(300,\\); expected \\(300, 1\\)"):
        wrong(points.test)
