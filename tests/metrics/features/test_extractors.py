"""Extractors: chosen by dataset or by name, and the same for an example whatever stands beside it."""

from __future__ import annotations

import dataclasses
from typing import Any

import cloudpickle
import pytest
import torch
from torch import nn

from bench.datasets.base import Dataset, load_dataset
from bench.errors import BenchError, UnknownNameError
from bench.metrics import EXTRACTORS, Extractor, extractor_for, make_extractor, register_extractor
from bench.metrics.features.extractors import ExtractorRule
from bench.registry import extensions, install


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


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


def test_stacked_digits_have_the_features_of_each_channel() -> None:
    images = torch.rand(4, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    features = chosen(Dataset("stacked-mnist", images, images, images, "0" * 64))(images)
    grey = chosen(Dataset("mnist", *[images[:, 1:2]] * 3, "1" * 64))
    torch.testing.assert_close(features[:, 64:128], grey(images[:, 1:2]), rtol=1e-5, atol=1e-5)
    assert features.shape == (4, 192)


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


def test_chunks_change_nothing_and_gradients_are_off() -> None:
    network = nn.Linear(4, 3)
    x = torch.randn(25, 4, generator=torch.Generator().manual_seed(0))
    whole = make_extractor("linear", network, 3)(x)
    assert not whole.requires_grad
    sizes: list[int] = []
    network.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    torch.testing.assert_close(make_extractor("linear", network, 3, chunk=7)(x), whole)
    assert sizes == [7, 7, 7, 4]


def test_a_module_is_evaluated_without_dropout_and_hashed_by_its_weights() -> None:
    network = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5))
    x = torch.ones(10, 4)
    before = make_extractor("mine", network, 3)
    torch.testing.assert_close(before(x), before(x), rtol=0, atol=0)
    assert before.sha256 == make_extractor("mine", network, 3).sha256
    with torch.no_grad():
        network[0].bias += 1
    assert before.sha256 != make_extractor("mine", network, 3).sha256


@pytest.mark.usefixtures("own_registry")
def test_a_registered_network_comes_first(points: Dataset) -> None:
    @register_extractor("mine", size=5, datasets=("faces", "points"))
    def mine() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.AdaptiveAvgPool1d(5))

    assert chosen(points).name == chosen(unknown_images()).name == "mine"
    assert chosen(points)(points.test).shape == (300, 5)
    assert chosen(dataclasses.replace(points, name="other")).name == "identity"


def test_an_extractor_is_chosen_by_name(digits: Dataset, points: Dataset) -> None:
    identity = extractor_for(digits, "identity")
    assert identity is not None
    torch.testing.assert_close(identity(digits.test), digits.test.flatten(1), rtol=0, atol=0)
    assert extractor_for(digits, "digits-classifier") is extractor_for(digits)
    with pytest.raises(UnknownNameError, match="did you mean 'identity'"):
        extractor_for(points, "identiti")


@pytest.mark.usefixtures("own_registry")
def test_a_rule_that_applies_to_nothing_is_chosen_by_name_alone(digits: Dataset) -> None:
    extractor = Extractor("pooled", "hash", lambda x: x.mean((2, 3)), 1, chunk=100, rule="mean over pixels")
    EXTRACTORS.add("pooled", ExtractorRule(applies=lambda _: False, build=lambda _: extractor))
    assert chosen(digits).name == "digits-classifier"
    assert extractor_for(digits, "pooled") is extractor

    @register_extractor("mine", size=64, rule="flattened")
    def mine() -> nn.Module:
        return nn.Flatten()

    assert chosen(digits).name == "digits-classifier"
    named = extractor_for(digits, "mine")
    assert named is not None
    assert (named.name, named.rule, named(digits.test[:3]).shape) == ("mine", "flattened", (3, 64))


@pytest.mark.usefixtures("own_registry")
def test_registering_anew_replaces_what_was_loaded(points: Dataset) -> None:
    for size in (1, 2):

        @register_extractor("mine", size=size)
        def mine(size: int = size) -> nn.Module:
            return nn.AdaptiveAvgPool1d(size)

        extractor = extractor_for(points, "mine")
        assert extractor is not None
        assert extractor(points.test).shape == (300, size)


def test_an_extractor_that_cannot_take_the_data_says_so(points: Dataset) -> None:
    expected = (
        r"feature extractor 'digits-classifier' cannot take examples of points, shape \(2,\): images: shape \(1, 2\); "
        r"expected \(n, 1, 8, 8\), as digits has it; set evaluation.extractor to one that can"
    )
    for _ in range(2):
        with pytest.raises(BenchError, match=expected):
            extractor_for(points, "digits-classifier")


@pytest.mark.usefixtures("own_registry")
def test_a_network_that_cannot_take_the_data_says_so(points: Dataset) -> None:
    @register_extractor("mine", size=3)
    def mine() -> nn.Module:
        return nn.Linear(7, 3)

    with pytest.raises(BenchError, match=r"'mine' cannot take examples of points, shape \(2,\): mat1 and mat2 shapes"):
        extractor_for(points, "mine")


@pytest.mark.usefixtures("own_registry")
def test_an_extractor_of_a_plugin_travels_to_another_process(points: Dataset) -> None:
    @register_extractor("mine", size=2)
    def mine() -> nn.Module:
        return nn.Identity()

    sent = cloudpickle.dumps([item for item in extensions() if item.kind == "feature extractor"])
    del EXTRACTORS._entries["mine"]
    install(cloudpickle.loads(sent))
    extractor = extractor_for(points, "mine")
    assert extractor is not None
    torch.testing.assert_close(extractor(points.test), points.test, rtol=0, atol=0)


@pytest.mark.parametrize("change", [{"sha256": "b"}, {"name": "b"}, {"size": 3}, {"chunk": 7}, {"rule": "bytes"}])
def test_identity_is_all_that_decides_features(change: dict[str, Any]) -> None:
    one = Extractor("a", "a", torch.clone, 2)
    assert one.identity == dataclasses.replace(one, embed=torch.Tensor.clone).identity
    assert one.identity != dataclasses.replace(one, **change).identity


def test_refuses_bad_examples_and_features(points: Dataset) -> None:
    with pytest.raises(BenchError, match="examples: 2 of 2 values are NaN"):
        chosen(points)(torch.full((1, 2), float("nan")))
    wrong = Extractor("wrong", "hash", lambda x: x[:, 0], 1)
    with pytest.raises(BenchError, match="features of shape \\(300,\\); expected \\(300, 1\\)"):
        wrong(points.test)
    broken = Extractor("broken", "hash", lambda x: x.log(), 2)
    with pytest.raises(BenchError, match=r"features of extractor 'broken': .* of 600 values are NaN or infinite"):
        broken(points.test)
